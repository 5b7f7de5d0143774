use std::future::{Ready, ready};
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpMessage, HttpRequest};

use crate::domain::{ReturnTo, Role, TokenHash};
use crate::error::AppError;
use crate::sign_in::session::LiveSession;
use crate::views::account_menu::Viewer;
use crate::web::http::middleware::Authenticated;

/// The signed-in user, if any.
#[derive(Debug)]
pub struct MaybeSignedIn(pub Option<SignedIn>);

/// The signed-in user. Without one, a page redirects to the sign-in, and a fragment makes the browser
/// go there.
#[derive(Debug)]
pub struct SignedIn {
    pub live: Arc<LiveSession>,
    /// The hash of the session's token.
    pub hash: TokenHash,
}

impl SignedIn {
    /// The user as the account menu shows them.
    pub fn viewer(&self) -> Viewer<'_> {
        Viewer {
            name: &self.live.name,
            email: self.live.email.as_str(),
            impersonator: self.live.impersonator.as_deref(),
            is_admin: self.live.role == Role::Admin,
        }
    }
}

/// A signed-in admin. A member gets 404, so that they do not learn which admin pages exist. An impersonated session gets
/// 403 for every write.
#[derive(Debug)]
pub struct Admin(pub SignedIn);

impl FromRequest for MaybeSignedIn {
    type Error = AppError;
    type Future = Ready<Result<Self, AppError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(find(request).map(Self))
    }
}

impl FromRequest for SignedIn {
    type Error = AppError;
    type Future = Ready<Result<Self, AppError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(find(request).and_then(|found| require(request, found)))
    }
}

impl FromRequest for Admin {
    type Error = AppError;
    type Future = Ready<Result<Self, AppError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let signed_in = find(request).and_then(|found| require(request, found));
        let is_write = !request.method().is_safe();
        ready(signed_in.and_then(|signed_in| match signed_in.live.role {
            Role::Admin if is_write && signed_in.live.impersonator.is_some() => {
                Err(AppError::Impersonated)
            }
            Role::Admin => Ok(Self(signed_in)),
            Role::Member => Err(AppError::NotFound),
        }))
    }
}

fn require(request: &HttpRequest, found: Option<SignedIn>) -> Result<SignedIn, AppError> {
    found.ok_or_else(|| {
        // A submitted form has no page to return to.
        let path = request.uri().path_and_query();
        let here = path.filter(|_| request.method().is_safe());
        AppError::SignedOut(
            here.map_or_else(ReturnTo::default, |path| ReturnTo::parse(path.as_str())),
        )
    })
}

fn find(request: &HttpRequest) -> Result<Option<SignedIn>, AppError> {
    match request.extensions().get::<Authenticated>() {
        Some(Authenticated::Session { live, hash }) => Ok(Some(SignedIn {
            live: Arc::clone(live),
            hash: *hash,
        })),
        Some(Authenticated::Unavailable) => {
            let reason = "the session could not be looked up".to_owned();
            Err(AppError::Unavailable(reason))
        }
        Some(Authenticated::Nobody) | None => Ok(None),
    }
}
