DROP TABLE wrong_tries;
DROP TABLE challenges;
