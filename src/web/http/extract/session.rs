use std::future::{Future, Ready, ready};
use std::pin::Pin;
use std::sync::Arc;

use actix_session::SessionExt;
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, web};
use futures_util::future::Either;

use super::state;
use crate::domain::{ReturnTo, Role, TokenHash};
use crate::error::AppError;
use crate::sign_in::oidc::{Refreshed, WorkOs};
use crate::sign_in::session::LiveSession;
use crate::views::account_menu::Viewer;
use crate::web::http::session_cookie::{Authenticated, authenticated};
use crate::web::http::state::AppState;

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
    pub fn viewer(&self) -> Viewer<'_> {
        Viewer {
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

/// Whoever is remembered is known at once; only what the provider has to be asked for waits.
type Extracting<T> =
    Either<Ready<Result<T, AppError>>, Pin<Box<dyn Future<Output = Result<T, AppError>>>>>;

/// What becomes of a request from somebody, or from nobody.
type Then<T> = fn(&HttpRequest, Option<SignedIn>) -> Result<T, AppError>;

impl FromRequest for MaybeSignedIn {
    type Error = AppError;
    type Future = Extracting<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        extract(request, |_, found| Ok(Self(found)))
    }
}

impl FromRequest for SignedIn {
    type Error = AppError;
    type Future = Extracting<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        extract(request, only_signed_in)
    }
}

impl FromRequest for Admin {
    type Error = AppError;
    type Future = Extracting<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        extract(request, |request, found| {
            let signed_in = only_signed_in(request, found)?;
            match signed_in.live.role {
                Role::Admin => Ok(Self(signed_in)),
                Role::Member => Err(AppError::NotFound),
            }
        })
    }
}

fn only_signed_in(request: &HttpRequest, found: Option<SignedIn>) -> Result<SignedIn, AppError> {
    found.ok_or_else(|| {
        // Nobody can come back to a form that was sent.
        let path = request.uri().path_and_query();
        let here = path.filter(|_| request.method().is_safe());
        AppError::SignedOut(
            here.map_or_else(ReturnTo::default, |path| ReturnTo::parse(path.as_str())),
        )
    })
}

fn extract<T: 'static>(request: &HttpRequest, then: Then<T>) -> Extracting<T> {
    let (state, found) = match look_up(request) {
        Ok(found) => found,
        Err(error) => return Either::Left(ready(Err(error))),
    };
    let Some(signed_in) = found else {
        return Either::Left(ready(then(request, None)));
    };
    let Some(workos) = to_be_asked(state, &signed_in.live) else {
        return Either::Left(ready(then(request, Some(signed_in))));
    };
    let (workos, request) = (Arc::clone(workos), request.clone());
    Either::Right(Box::pin(async move {
        // A request waits for that two seconds at most.
        let refreshed = workos.refresher.keep_fresh(signed_in.live.id).await;
        let goes_on = refreshed == Refreshed::GoesOn;
        then(&request, goes_on.then_some(signed_in))
    }))
}

fn look_up(request: &HttpRequest) -> Result<(&web::Data<AppState>, Option<SignedIn>), AppError> {
    let state = state(request)?;
    let found = match authenticated(&request.get_session()) {
        Authenticated::Nobody => None,
        Authenticated::Unavailable => {
            let what = "the session could not be looked up".to_owned();
            return Err(AppError::Unavailable(what));
        }
        Authenticated::Session(hash) => {
            let live = state.sessions.authenticated(hash)?;
            live.map(|live| SignedIn { live, hash })
        }
    };
    Ok((state, found))
}

/// The provider, when its word has run out.
fn to_be_asked<'a>(state: &'a AppState, live: &LiveSession) -> Option<&'a Arc<WorkOs>> {
    let has_run_out = live
        .access_expires_at
        .is_some_and(|expiry| expiry <= state.clock.now());
    state.workos.as_ref().filter(|_| has_run_out)
}
