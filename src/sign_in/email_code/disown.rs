//! “This wasn’t me”: the owner of a mailbox ends a challenge that they did not ask for.

use log::info;

use super::EmailCode;
use crate::db::activity::{self, ActivityRow, NewActivity};
use crate::db::challenges::{self, ChallengeRow};
use crate::db::{DatabaseError, QueryResult, SqliteConnection};
use crate::domain::{ActivityKind, NotMe, Timestamp};
use crate::sign_in::client::Client;

/// The detail in the activity when the code had been used before. No code parses it.
const AFTER_IT_WAS_USED: &str = "after it was used";

/// The status of the challenge that a link “This wasn’t me” names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChallengeStatus {
    /// The code was not used. The challenge can be ended.
    Open(Request),
    /// The link ended the challenge before its code was used.
    Disowned,
    /// The code was used to sign in. The owner of the mailbox has not reported that.
    Used,
    /// The code was used to sign in, and the owner of the mailbox has reported that.
    UsedByAnother,
    /// The link is not authentic, or its challenge has been deleted.
    Unknown,
}

/// A request for a code, as the mailbox's owner sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Browser and system in words.
    pub browser: String,
    /// The client's address.
    pub ip: String,
    pub asked_at: Timestamp,
}

impl EmailCode {
    /// The URL of the link for a request.
    pub(super) fn not_me_link(&self, request: NotMe) -> String {
        let mark = request.to_text(&self.keys.current);
        format!("{}?link={mark}", self.not_me)
    }

    /// The status of the challenge that a link names. Changes nothing, because mail scanners open every link.
    pub async fn challenge_status(&self, link: &str) -> Result<ChallengeStatus, DatabaseError> {
        let Some(link) = self.read_link(link) else {
            return Ok(ChallengeStatus::Unknown);
        };
        self.database
            .read(move |c| {
                let Some((challenge, request)) = find(c, link)? else {
                    return Ok(ChallengeStatus::Unknown);
                };
                Ok(status_of(&challenge, request))
            })
            .await
    }

    /// Ends the challenge that a link names, even if its code was replaced since, and records that. If the code was
    /// already used, records the report only. A second call changes nothing and is not an error.
    ///
    /// # Errors
    /// The code continues to work.
    pub async fn disown(&self, link: &str, client: &Client) -> Result<(), DatabaseError> {
        let Some(link) = self.read_link(link) else {
            return Ok(());
        };
        let (client, now) = (client.clone(), self.clock.now());
        let ended = self
            .database
            .write(move |c| {
                let Some((challenge, request)) = find(c, link)? else {
                    return Ok(false);
                };
                let ended = challenges::disown(c, challenge.id, now)?;
                let detail = if ended {
                    format!("asked for by {} at {}", request.browser, request.ip)
                } else if challenges::report(c, challenge.id, now)? {
                    AFTER_IT_WAS_USED.to_owned()
                } else {
                    return Ok(false);
                };
                let what = NewActivity {
                    account_id: request.account_id,
                    detail: &detail,
                    ..client.doing(&request.email)
                };
                activity::add(c, ActivityKind::CodeDisowned, &what, now)?;
                Ok(ended)
            })
            .await?;
        if ended {
            info!("a code was disowned: its challenge is over");
        }
        Ok(())
    }

    /// Also accepts links that were made with the previous key.
    fn read_link(&self, text: &str) -> Option<NotMe> {
        self.keys.all().find_map(|key| NotMe::from_text(text, key))
    }
}

/// The challenge of a link, and the activity row of the request.
fn find(c: &mut SqliteConnection, link: NotMe) -> QueryResult<Option<(ChallengeRow, ActivityRow)>> {
    let request = activity::find(c, link.activity_id)?.filter(|row| row.at == link.asked_at);
    Ok(challenges::find_by_id(c, link.challenge_id)?.zip(request))
}

fn status_of(challenge: &ChallengeRow, request: ActivityRow) -> ChallengeStatus {
    if challenge.disowned_at.is_some() {
        ChallengeStatus::Disowned
    } else if challenge.reported_at.is_some() {
        ChallengeStatus::UsedByAnother
    } else if challenge.consumed_at.is_some() {
        ChallengeStatus::Used
    } else {
        ChallengeStatus::Open(Request {
            browser: request.browser,
            ip: request.ip,
            asked_at: request.at,
        })
    }
}
