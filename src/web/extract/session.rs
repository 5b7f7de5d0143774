use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use actix_session::SessionExt;
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};

use super::console;
use crate::auth::session::LiveSession;
use crate::auth::workos::Refreshed;
use crate::domain::{ReturnTo, Role, TokenHash};
use crate::error::AppError;
use crate::views::account_menu::Who;
use crate::web::console::Console;
use crate::web::session_cookie::{Recognised, recognised};

/// Whoever is signed in, if anyone is.
#[derive(Debug)]
pub struct MaybeSignedIn(pub Option<SignedIn>);

/// Someone signed in. Without one, a page sends to the sign-in and a fragment has the browser go there.
#[derive(Debug)]
pub struct SignedIn {
    /// The session.
    pub live: Arc<LiveSession>,
    /// What it is found by.
    pub hash: TokenHash,
}

impl SignedIn {
    /// Who it is, for the account menu.
    pub fn who(&self) -> Who<'_> {
        Who {
            name: &self.live.name,
            email: &self.live.email,
            impersonator: self.live.impersonator.as_deref(),
            is_admin: self.live.role == Role::Admin,
        }
    }
}

/// An admin. A member gets what a page that does not exist gets: they need not know that there is one.
#[derive(Debug)]
pub struct Admin(pub SignedIn);

type Extracting<T> = Pin<Box<dyn Future<Output = Result<T, AppError>>>>;

impl FromRequest for MaybeSignedIn {
    type Error = AppError;
    type Future = Extracting<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let found = recognised(&request.get_session());
        let console = console(request).cloned();
        Box::pin(async move {
            match found {
                Recognised::Nobody => Ok(Self(None)),
                Recognised::Unavailable => Err(AppError::Unavailable(
                    "the session could not be looked up".to_owned(),
                )),
                Recognised::Session(hash) => {
                    let console = console?;
                    let live = console.sessions.recognised(hash)?;
                    Ok(Self(match live {
                        Some(live) if goes_on(&console, &live).await => {
                            Some(SignedIn { live, hash })
                        }
                        _ => None,
                    }))
                }
            }
        })
    }
}

impl FromRequest for SignedIn {
    type Error = AppError;
    type Future = Extracting<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let maybe = MaybeSignedIn::from_request(request, payload);
        // Nobody can come back to a form that was sent.
        let uri = request.method().is_safe().then(|| request.uri().clone());
        Box::pin(async move {
            let here = || {
                let path = uri.as_ref().and_then(|uri| uri.path_and_query());
                path.map_or_else(ReturnTo::default, |path| ReturnTo::parse(path.as_str()))
            };
            maybe.await?.0.ok_or_else(|| AppError::SignedOut(here()))
        })
    }
}

impl FromRequest for Admin {
    type Error = AppError;
    type Future = Extracting<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let signed_in = SignedIn::from_request(request, payload);
        Box::pin(async move {
            let signed_in = signed_in.await?;
            match signed_in.live.role {
                Role::Admin => Ok(Self(signed_in)),
                Role::Member => Err(AppError::NotFound),
            }
        })
    }
}

/// Asks the provider again when its word has run out; a request waits for that two seconds at most.
async fn goes_on(console: &Console, live: &LiveSession) -> bool {
    match (&console.workos, live.access_expires_at) {
        (Some(workos), Some(expiry)) if expiry <= console.clock.now() => {
            workos.refresher.keep_fresh(live.id).await == Refreshed::GoesOn
        }
        _ => true,
    }
}
