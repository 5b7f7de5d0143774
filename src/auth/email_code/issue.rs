//! Sending codes.

use super::{EmailCode, Refusal};
use crate::auth::client::Client;
use crate::db::accounts::{self, AccountRow};
use crate::db::challenges::{self, HashedCode, NewChallenge};
use crate::domain::{AccountId, Email, ReturnTo, SignInCode, Timestamp, Token, TokenHash};
use crate::mail::{CodeMail, Handed, MovedMail};

impl EmailCode {
    /// Issues a challenge for an address, in place of the one that this browser had.
    ///
    /// # Errors
    /// See [`Refusal`].
    pub async fn issue(
        &self,
        email: Email,
        return_to: ReturnTo,
        client: &Client,
        older: Option<TokenHash>,
    ) -> Result<Token, Refusal> {
        let (code, hashed) = self.new_code(&email, client).await?;
        let token = Token::generate(&mut rand::rng());
        let token_hash = token.hash();
        let (now, expires_at) = self.validity();
        let typed = email.clone();
        let code_due = self.for_moved.is_a_code_due();
        let account = self
            .database
            .write(move |c| {
                if let Some(older) = older {
                    challenges::delete(c, older)?;
                }
                let account = accounts::find_by_email(c, &typed)?;
                let new = NewChallenge {
                    token_hash,
                    email: &typed,
                    account_id: whom_a_code_lets_in(account.as_ref(), code_due),
                    code: &hashed,
                    return_to: return_to.as_str(),
                    issued_at: now,
                    expires_at,
                };
                challenges::insert(c, &new)?;
                Ok(account)
            })
            .await?;
        self.send(account, code_due, code, client, now, expires_at);
        Ok(token)
    }

    /// Sends a new code for the challenge that this browser has. The older code stops working.
    ///
    /// # Errors
    /// See [`Refusal`].
    pub async fn reissue(&self, token_hash: TokenHash, client: &Client) -> Result<(), Refusal> {
        let open = self
            .open_challenge(token_hash)
            .await?
            .ok_or(Refusal::NoChallenge)?;
        let (code, hashed) = self.new_code(&open.email, client).await?;
        let (now, expires_at) = self.validity();
        let code_due = self.for_moved.is_a_code_due();
        let account = self
            .database
            .write(move |c| {
                let Some(challenge) = challenges::find(c, token_hash)? else {
                    return Ok(None);
                };
                let account = accounts::find_by_email(c, &open.email)?;
                let account_id = whom_a_code_lets_in(account.as_ref(), code_due);
                let replaced = challenges::replace_code(
                    c,
                    challenge.id,
                    account_id,
                    &hashed,
                    now,
                    expires_at,
                )?;
                Ok(replaced.then_some(account))
            })
            .await?
            .ok_or(Refusal::NoChallenge)?;
        self.send(account, code_due, code, client, now, expires_at);
        Ok(())
    }

    /// Draws and hashes a code, if the limits allow one.
    async fn new_code(
        &self,
        email: &Email,
        client: &Client,
    ) -> Result<(SignInCode, HashedCode), Refusal> {
        let now = self.clock.now();
        let known = self.keys.known_browser(client.device.as_ref(), email, now);
        self.limits
            .take_request(email, client, known, now)
            .map_err(Refusal::Limited)?;
        let code = SignInCode::generate(&mut rand::rng());
        let hashed = match self.hasher.hash(&code).await {
            Ok(hashed) => hashed,
            Err(e) => {
                self.limits.give_request_back(email, client, known);
                return Err(e.into());
            }
        };
        Ok((code, hashed))
    }

    fn validity(&self) -> (Timestamp, Timestamp) {
        let now = self.clock.now();
        (now, now.plus(self.lifetime))
    }

    /// Queues the mail for an account that may sign in; the answer to the request is the same
    /// whether it does or not.
    fn send(
        &self,
        account: Option<AccountRow>,
        code_due: bool,
        code: SignInCode,
        client: &Client,
        issued_at: Timestamp,
        expires_at: Timestamp,
    ) {
        let may_sign_in = account.filter(AccountRow::may_sign_in);
        let mail = may_sign_in.map(|account| {
            if account.moved_at.is_some() && !code_due {
                return Handed::Moved(MovedMail {
                    account_id: account.account_id(),
                    recipient: account.email,
                    sign_in: self.sign_in.clone(),
                });
            }
            Handed::Code(CodeMail {
                account_id: account.account_id(),
                recipient: account.email,
                code,
                lifetime: self.lifetime,
                browser: client.browser.clone(),
                ip: client.ip,
                issued_at,
                expires_at,
            })
        });
        self.mail.send_code(mail);
    }
}

/// An account that gets no code, since it has moved to WorkOS, is not entered by a lucky guess
/// either.
fn whom_a_code_lets_in(account: Option<&AccountRow>, code_due: bool) -> Option<AccountId> {
    account
        .filter(|account| account.moved_at.is_none() || code_due)
        .map(AccountRow::account_id)
}
