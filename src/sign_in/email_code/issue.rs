//! Issuing challenges and codes.

use super::{CodePolicy, EmailCode, Refusal, operator_code};
use crate::db::accounts::{self, AccountRow};
use crate::db::activity::{self, NewActivity};
use crate::db::challenges::{self, NewChallenge, NewCode};
use crate::db::{QueryResult, SqliteConnection, limit_clearances};
use crate::domain::{
    AccountId, ActivityId, ActivityKind, ChallengeId, CodeOutcome, Email, HashedCode,
    KnownBrowserId, NotMe, ReturnTo, SignInCode, Timestamp, Token, TokenHash,
};
use crate::mail::CodeRequestMail;
use crate::mail::messages::{CodeMail, MovedMail};
use crate::sign_in::client::Client;
use crate::sign_in::limits::rules::{MOST_ROWS_OF_VISITORS, Per};
use crate::sign_in::limits::{Limit, Limited};

/// A request for a code as it is recorded in the activity.
struct RecordedRequest {
    account: Option<AccountRow>,
    outcome: CodeOutcome,
    /// `None` for a request without a mail: its refusal by the window of its address is recorded instead.
    activity_id: Option<ActivityId>,
}

/// A committed code that may be mailed.
struct Issued {
    request: RecordedRequest,
    challenge_id: ChallengeId,
    code: SignInCode,
    issued_at: Timestamp,
    expires_at: Timestamp,
}

/// A request that the limits have counted.
struct CountedRequest {
    email: Email,
    client: Client,
    known: Option<KnownBrowserId>,
    is_mailed: bool,
}

/// What to do with a request past the window of its address, while an operator's code is in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum PastWindow {
    Refuse,
    /// Make a challenge without a mail, so that the owner of the address can enter the operator's code while a stranger
    /// keeps the window full (SECURITY rule 35).
    SendNoMail,
}

impl EmailCode {
    /// Issues a challenge with a new code for an address, in place of the challenge of this browser. The oldest challenge
    /// gives way if there are too many, whether or not its address has an account (SECURITY rules 5 and 37).
    pub async fn issue(
        &self,
        email: Email,
        return_to: ReturnTo,
        client: &Client,
        older: Option<TokenHash>,
    ) -> Result<Token, Refusal> {
        let (code, hashed, counted) = self
            .new_code(&email, client, PastWindow::SendNoMail)
            .await?;
        let token = Token::generate(&mut rand::rng());
        let token_hash = token.hash();
        let (now, expires_at) = self.validity();
        let (typed, asking) = (email, client.clone());
        let policy = self.policy();
        let (is_mailed, known_browser_id) = (counted.is_mailed, counted.known);
        let (request, challenge_id) = self
            .database
            .write(move |c| {
                if let Some(older) = older {
                    challenges::delete_unused(c, older)?;
                }
                let request = if is_mailed {
                    record_request(c, &typed, &policy, &asking, now)?
                } else {
                    request_without_mail(c, &typed)?
                };
                let new = NewChallenge {
                    token_hash,
                    email: &typed,
                    return_to: &return_to,
                    code: NewCode {
                        account_id: account_for(request.account.as_ref(), &policy),
                        code: &hashed,
                        issued_at: now,
                        expires_at,
                        known_browser_id,
                    },
                };
                let challenge_id = challenges::insert(c, &new)?;
                challenges::delete_all_but_newest(c, challenge_id, MOST_ROWS_OF_VISITORS)?;
                Ok((request, challenge_id))
            })
            .await
            .inspect_err(|_| self.give_request_back(&counted))?;
        let issued = Issued {
            request,
            challenge_id,
            code,
            issued_at: now,
            expires_at,
        };
        self.send(issued, client);
        Ok(token)
    }

    /// Issues a new code for the challenge of this browser. The older code stops working.
    pub async fn reissue(&self, token_hash: TokenHash, client: &Client) -> Result<(), Refusal> {
        let open = self
            .open_challenge(token_hash)?
            .ok_or(Refusal::NoChallenge)?;
        let (code, hashed, counted) = self
            .new_code(&open.email, client, PastWindow::Refuse)
            .await?;
        let (now, expires_at) = self.validity();
        let policy = self.policy();
        let (asking, known_browser_id) = (client.clone(), counted.known);
        let (request, challenge_id) = self
            .database
            .write(move |c| {
                let Some(challenge) = challenges::find(c, token_hash)? else {
                    return Ok(None);
                };
                let request = record_request(c, &open.email, &policy, &asking, now)?;
                let new = NewCode {
                    account_id: account_for(request.account.as_ref(), &policy),
                    code: &hashed,
                    issued_at: now,
                    expires_at,
                    known_browser_id,
                };
                let replaced = challenges::replace_code(c, challenge.id, &new)?;
                Ok(replaced.then_some((request, challenge.id)))
            })
            .await
            .inspect_err(|_| self.give_request_back(&counted))?
            .ok_or(Refusal::NoChallenge)?;
        let issued = Issued {
            request,
            challenge_id,
            code,
            issued_at: now,
            expires_at,
        };
        self.send(issued, client);
        Ok(())
    }

    /// Generates and hashes a code, if the limits allow one.
    async fn new_code(
        &self,
        email: &Email,
        client: &Client,
        past_window: PastWindow,
    ) -> Result<(SignInCode, HashedCode, CountedRequest), Refusal> {
        let now = self.clock.now();
        let known = self.browsers.find(client, email)?;
        let taken = self.take_request(email, client, known, now);
        if let Err(Refusal::Limited(limited)) = taken {
            self.metrics.code_request(CodeOutcome::Limited.into_str());
            self.record_refusal(email, client, known, limited, now)
                .await?;
        }
        let is_mailed = match taken {
            Ok(()) => true,
            Err(Refusal::Limited(limited))
                if past_window == PastWindow::SendNoMail
                    && self.take_request_without_mail(limited, client, known, now)? =>
            {
                false
            }
            Err(refusal) => return Err(refusal),
        };
        let counted = CountedRequest {
            email: email.clone(),
            client: client.clone(),
            known,
            is_mailed,
        };
        let code = SignInCode::generate(&mut rand::rng());
        let hashed = self.hasher.hash(&code).await;
        let hashed = hashed.inspect_err(|_| self.give_request_back(&counted))?;
        Ok((code, hashed, counted))
    }

    /// A request does not count when the server is too busy for it or the database cannot be written.
    fn give_request_back(&self, counted: &CountedRequest) {
        let CountedRequest {
            email,
            client,
            known,
            is_mailed,
        } = counted;
        if *is_mailed {
            self.limits.give_request_back(email, client, *known);
        } else {
            self.limits.give_request_without_mail_back(client, *known);
        }
    }

    /// Whether a request that its address's window refused may make a challenge without a mail. The address of the
    /// operator's code does not matter, so the answer does not tell it (SECURITY rule 5).
    fn take_request_without_mail(
        &self,
        limited: Limited,
        client: &Client,
        known: Option<KnownBrowserId>,
        now: Timestamp,
    ) -> Result<bool, Refusal> {
        let is_possible = limited.limit.rule().per == Per::Address
            && self
                .database
                .read_in_place(|c| operator_code::is_any_in_force(c, now))?;
        let counted = || self.limits.take_request_without_mail(client, known, now);
        Ok(is_possible && counted().is_ok())
    }

    /// Counts the request. If an operator cleared the limits of the address in another process, what was counted
    /// before is forgotten first.
    fn take_request(
        &self,
        email: &Email,
        client: &Client,
        known: Option<KnownBrowserId>,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let taken = self.limits.take_request(email, client, known, now);
        let taken = match taken {
            Err(limited) if limited.limit.rule().per == Per::Address => {
                let cleared_at = self
                    .database
                    .read_in_place(|c| limit_clearances::find(c, email))?;
                let forgotten = cleared_at
                    .is_some_and(|at| self.limits.forget_requests_until(email, known, at.min(now)));
                if forgotten {
                    self.limits.take_request(email, client, known, now)
                } else {
                    taken
                }
            }
            _ => taken,
        };
        taken.map_err(Refusal::Limited)
    }

    fn validity(&self) -> (Timestamp, Timestamp) {
        let now = self.clock.now();
        (now, now.plus(self.lifetime))
    }

    /// Writes a refusal to the activity, at a limited rate: a flood of refusals must not become a flood of writes.
    async fn record_refusal(
        &self,
        email: &Email,
        client: &Client,
        known: Option<KnownBrowserId>,
        limited: Limited,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        if !self.limits.should_record_refusal(email, known, now) {
            return Ok(());
        }
        let (email, client) = (email.clone(), client.clone());
        self.database
            .write(move |c| {
                let account = accounts::find_by_email(c, &email)?;
                let what = NewActivity {
                    detail: &limited.limit.rule().describe(),
                    ..activity_of(account.as_ref(), &email, &client, CodeOutcome::Limited)
                };
                activity::add(c, ActivityKind::CodeRequested, &what, now)
            })
            .await?;
        Ok(())
    }

    /// Queues the mail for an account that may sign in. The answer to the request is the same for every address.
    fn send(&self, issued: Issued, client: &Client) {
        let Issued {
            request,
            challenge_id,
            code,
            issued_at,
            expires_at,
        } = issued;
        let Some(activity_id) = request.activity_id else {
            return;
        };
        self.metrics.code_request(request.outcome.into_str());
        // Built for every address, so that the work is the same (SECURITY rule 5).
        let not_me = self.not_me_link(NotMe {
            challenge_id,
            activity_id,
            asked_at: issued_at,
        });
        let mail = match (request.account, request.outcome) {
            (Some(account), outcome @ (CodeOutcome::Moved | CodeOutcome::AdminsUseWorkOs)) => {
                CodeRequestMail::Moved {
                    activity_id,
                    mail: MovedMail {
                        account_id: account.id,
                        for_admin: outcome == CodeOutcome::AdminsUseWorkOs,
                        recipient: account.email,
                        sign_in: self.base_url.link("/sign-in"),
                    },
                    apart: Limit::MovedMails.rule().window,
                }
            }
            (Some(account), CodeOutcome::Queued) => CodeRequestMail::Code(CodeMail {
                activity_id,
                account_id: account.id,
                recipient: account.email,
                code,
                lifetime: self.lifetime,
                browser: client.browser.clone(),
                ip: client.ip,
                issued_at,
                expires_at,
                not_me,
            }),
            (_, outcome) => return self.mail.send_no_mail(activity_id, outcome),
        };
        self.mail.send_code(mail);
    }
}

/// Finds the account of the address and records the request. The work is the same whether or not there is an account
/// (SECURITY rule 5).
fn record_request(
    c: &mut SqliteConnection,
    email: &Email,
    policy: &CodePolicy,
    client: &Client,
    now: Timestamp,
) -> QueryResult<RecordedRequest> {
    let account = accounts::find_by_email(c, email)?;
    let outcome = outcome_for(account.as_ref(), policy);
    let what = activity_of(account.as_ref(), email, client, outcome);
    let activity_id = activity::add(c, ActivityKind::CodeRequested, &what, now)?;
    Ok(RecordedRequest {
        account,
        outcome,
        activity_id: Some(activity_id),
    })
}

fn request_without_mail(c: &mut SqliteConnection, email: &Email) -> QueryResult<RecordedRequest> {
    Ok(RecordedRequest {
        account: accounts::find_by_email(c, email)?,
        outcome: CodeOutcome::Limited,
        activity_id: None,
    })
}

fn activity_of<'a>(
    account: Option<&AccountRow>,
    email: &'a Email,
    client: &'a Client,
    outcome: CodeOutcome,
) -> NewActivity<'a> {
    NewActivity {
        account_id: account.map(|account| account.id),
        outcome: Some(outcome),
        ..client.doing(email.as_str())
    }
}

fn outcome_for(account: Option<&AccountRow>, policy: &CodePolicy) -> CodeOutcome {
    match account {
        None => CodeOutcome::NoAccount,
        Some(account) if account.suspended_at.is_some() => CodeOutcome::Suspended,
        Some(account) if account.confirmed_at.is_none() => CodeOutcome::NotConfirmed,
        Some(account) => policy.refusal(account).unwrap_or(CodeOutcome::Queued),
    }
}

/// The account that the code signs in. An account that gets no code cannot be entered by a lucky guess either.
fn account_for(account: Option<&AccountRow>, policy: &CodePolicy) -> Option<AccountId> {
    account
        .filter(|account| policy.refusal(account).is_none())
        .map(|account| account.id)
}
