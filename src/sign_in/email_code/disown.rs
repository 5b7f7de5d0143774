//! “This wasn’t me”: the owner of a mailbox ends a challenge that they did not ask for.

use log::info;

use super::EmailCode;
use crate::db::activity::{self, ActivityRow, NewActivity};
use crate::db::challenges::{self, ChallengeRow};
use crate::db::{DatabaseError, QueryResult, SqliteConnection};
use crate::domain::{ActivityKind, NotMe, Timestamp};
use crate::sign_in::client::Client;

/// The detail in the activity when the code had been used before. Nothing reads it back.
const AFTER_IT_WAS_USED: &str = "after it was used";

/// What has become of the code that a link “This wasn’t me” is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChallengeStatus {
    /// Nobody has got in, and the challenge can be ended.
    Open(Request),
    /// It was ended by such a link: nobody has got in.
    Disowned,
    /// Somebody got in, and nobody has said that it was not the owner of the mailbox.
    Used,
    /// Somebody got in, and the owner of the mailbox has said that it was not them.
    UsedByAnother,
    /// We wrote no such link, or so long ago that its challenge is forgotten.
    Unknown,
}

/// Who asked for a code, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Browser and system in words.
    pub browser: String,
    /// From where.
    pub ip: String,
    /// When.
    pub asked_at: Timestamp,
}

impl EmailCode {
    /// The text of the link for a request.
    pub(super) fn not_me_link(&self, request: NotMe) -> String {
        let mark = request.to_text(&self.keys.current);
        format!("{}?link={mark}", self.not_me)
    }

    /// How it stands with the code that this link is about. Changes nothing: programs that look
    /// through mail open every link.
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

    /// Ends the challenge that this link is about, whatever code it has by now, and writes that down.
    /// Twice is no error; a code that was used stays used, and that it was not by them is written down.
    ///
    /// # Errors
    /// When the database does not answer; the code goes on working then.
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

    /// Links that the older key wrote are still read.
    fn read_link(&self, text: &str) -> Option<NotMe> {
        self.keys.all().find_map(|key| NotMe::from_text(text, key))
    }
}

/// The challenge, and the request that the mail was about.
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
