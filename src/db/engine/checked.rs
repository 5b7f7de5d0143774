//! Transactions that can be refused: the refusal rolls everything back, and reaches the caller as a typed
//! error.

use diesel::prelude::*;
use diesel::result::Error as DieselError;

use super::connection::DatabaseError;
use super::pool::Database;

/// Why a transaction was rolled back.
#[derive(Debug)]
pub enum TransactionError<E> {
    /// The transaction's own rule, such as “the last admin cannot be suspended”.
    Refused(E),
    Query(DieselError),
}

impl<E> From<DieselError> for TransactionError<E> {
    fn from(error: DieselError) -> Self {
        Self::Query(error)
    }
}

impl Database {
    /// Like [`Database::write`], for a transaction that can be refused.
    pub async fn write_checked<T, E, F>(&self, transaction: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<DatabaseError> + Send + 'static,
        F: FnOnce(&mut SqliteConnection) -> Result<T, TransactionError<E>> + Send + 'static,
    {
        self.write(move |c| roll_back_refused(c, transaction))
            .await?
    }

    /// Like [`Database::write_blocking`], for a transaction that can be refused.
    pub fn write_checked_blocking<T, E>(
        &self,
        transaction: impl FnOnce(&mut SqliteConnection) -> Result<T, TransactionError<E>>,
    ) -> Result<T, E>
    where
        E: From<DatabaseError>,
    {
        self.write_blocking(|c| roll_back_refused(c, transaction))?
    }
}

/// Runs the transaction in a savepoint, so that a refusal takes back its changes and no others. A failed query
/// is passed on, so that the writer sees it.
fn roll_back_refused<T, E>(
    c: &mut SqliteConnection,
    transaction: impl FnOnce(&mut SqliteConnection) -> Result<T, TransactionError<E>>,
) -> QueryResult<Result<T, E>> {
    match c.transaction(transaction) {
        Ok(value) => Ok(Ok(value)),
        Err(TransactionError::Refused(refusal)) => Ok(Err(refusal)),
        Err(TransactionError::Query(error)) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use diesel::connection::SimpleConnection;

    use super::*;

    #[derive(Debug)]
    enum Failure {
        Refused,
        Database,
    }

    impl From<DatabaseError> for Failure {
        fn from(_: DatabaseError) -> Self {
            Self::Database
        }
    }

    fn keep(c: &mut SqliteConnection, n: i64) -> QueryResult<()> {
        c.batch_execute(&format!("INSERT INTO kept VALUES ({n})"))
    }

    #[tokio::test]
    async fn a_refusal_and_a_failed_query_take_back_their_own_transaction() {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::open(&folder.path().join("w.db")).unwrap();
        let create = "CREATE TABLE kept (n INTEGER PRIMARY KEY)";
        database.write(|c| c.batch_execute(create)).await.unwrap();
        let accepted = database.write_checked(|c| Ok::<_, TransactionError<Failure>>(keep(c, 1)?));
        accepted.await.unwrap();
        let refused = database.write_checked(|c| {
            keep(c, 2)?;
            Err::<(), _>(TransactionError::Refused(Failure::Refused))
        });
        assert!(matches!(refused.await, Err(Failure::Refused)));
        let failed = database.write_checked(|c| {
            keep(c, 3)?;
            Ok::<_, TransactionError<Failure>>(keep(c, 3)?)
        });
        assert!(matches!(failed.await, Err(Failure::Database)));
        let refused = database.write_checked_blocking(|c| {
            keep(c, 4)?;
            Err::<(), _>(TransactionError::Refused(Failure::Refused))
        });
        assert!(matches!(refused, Err(Failure::Refused)));
        let all = diesel::dsl::sql::<diesel::sql_types::BigInt>("SELECT n FROM kept");
        let kept: Vec<i64> = database.read(|c| all.load(c)).await.unwrap();
        assert_eq!(kept, [1]);
    }
}
