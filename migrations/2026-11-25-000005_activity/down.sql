DROP TABLE limit_clearances;
DROP TABLE operator_codes;
DROP TABLE activity;
