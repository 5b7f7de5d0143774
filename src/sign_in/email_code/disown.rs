//! “This wasn’t me”: the owner of a mailbox ends a challenge that they did not ask for.

use std::sync::Arc;

use log::{info, warn};

use super::EmailCode;
use crate::db::activity::{self, ActivityRow, NewActivity};
use crate::db::challenges::{self, ChallengeRow};
use crate::db::{DatabaseError, QueryResult, SqliteConnection, accounts, known_browsers, sessions};
use crate::domain::{ActivityKind, BaseUrl, NotMe, Timestamp};
use crate::mail::messages::{Letter, UsedCodeReport};
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

/// What a click on “This wasn’t me” did.
enum Disowned {
    Nothing,
    /// The challenge was open. It has ended.
    Open,
    /// The code had been used.
    Used,
}

impl EmailCode {
    /// The URL of the link for a request.
    pub(super) fn not_me_link(&self, request: NotMe) -> String {
        let mark = request.to_text(&self.keys.current);
        self.base_url.link(&format!("/sign-in/not-me?link={mark}"))
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
    /// already used, ends the session that it began and tells the admins (SECURITY rule 42). A second call changes
    /// nothing and is not an error.
    ///
    /// If a known browser asked for the code, or the code was used, the account's known browsers are forgotten (SECURITY
    /// rule 33). Requests of strangers forget none: the owner may need a known browser to get in during an attack.
    ///
    /// # Errors
    /// The code, or the session, continues to work.
    pub async fn disown(&self, link: &str, client: &Client) -> Result<(), DatabaseError> {
        let Some(link) = self.read_link(link) else {
            return Ok(());
        };
        let (client, now) = (client.clone(), self.clock.now());
        let (mail, base_url) = (Arc::clone(&self.mail), self.base_url.clone());
        let outcome = self
            .database
            .write(move |c| {
                let Some((challenge, request)) = find(c, link)? else {
                    return Ok(Disowned::Nothing);
                };
                let (outcome, detail) = if challenges::disown(c, challenge.id, now)? {
                    let detail = format!("asked for by {} at {}", request.browser, request.ip);
                    (Disowned::Open, detail)
                } else if challenges::report(c, challenge.id, now)? {
                    if let Some(session) = challenge.session_id {
                        sessions::delete_by_id(c, session)?;
                    }
                    let letter = report(&request, &base_url);
                    for admin in accounts::admin_addresses(c)? {
                        mail.queue(c, &admin, &letter, now)?;
                    }
                    (Disowned::Used, AFTER_IT_WAS_USED.to_owned())
                } else {
                    return Ok(Disowned::Nothing);
                };
                let by_known_browser = challenge.known_browser_id.is_some();
                if let Some(account) = request.account_id
                    && (by_known_browser || matches!(outcome, Disowned::Used))
                {
                    known_browsers::delete_of_account(c, account, None)?;
                }
                let what = NewActivity {
                    account_id: request.account_id,
                    detail: &detail,
                    ..client.doing(&request.email)
                };
                activity::add(c, ActivityKind::CodeDisowned, &what, now)?;
                Ok(outcome)
            })
            .await?;
        match outcome {
            Disowned::Nothing => {}
            Disowned::Open => info!("a code was disowned: its challenge is over"),
            Disowned::Used => {
                warn!("a used code was disowned: the session that it began has ended");
                self.mail.look_again();
            }
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

fn report(request: &ActivityRow, base_url: &BaseUrl) -> Letter {
    let report = UsedCodeReport {
        email: &request.email,
        browser: &request.browser,
        ip: &request.ip,
        asked_at: request.at,
        activity_page: base_url.link("/admin/activity?kind=code_disowned"),
    };
    report.letter(&base_url.host())
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
