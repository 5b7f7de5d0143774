use std::future::{Ready, ready};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};

use actix_session::SessionExt;
use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform};
use actix_web::{Error, HttpMessage, web};
use futures_util::future::Either;
use log::error;

use crate::domain::TokenHash;
use crate::sign_in::session::LiveSession;
use crate::web::http::session_cookie::sent_token;
use crate::web::http::state::AppState;

/// Finds the session of a request, once, and leaves an [`Authenticated`] for the extractors. An expired access token is
/// refreshed at the provider before the handler runs; a session that the provider has ended is ended here, too. The
/// request waits 2 seconds at most.
///
/// Belongs inside the session middleware.
pub struct Authenticate;

/// A request extension: the result of authenticating the request by its session cookie.
#[derive(Debug, Clone)]
pub enum Authenticated {
    Session {
        live: Arc<LiveSession>,
        /// The hash of the session's token.
        hash: TokenHash,
    },
    Nobody,
    /// The database did not answer.
    Unavailable,
}

pub struct AuthenticateService<S> {
    service: Rc<S>,
}

impl<S, B> Transform<S, ServiceRequest> for Authenticate
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: 'static,
{
    type Response = ServiceResponse<B>;
    type Error = Error;
    type Transform = AuthenticateService<S>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, ()>>;

    fn new_transform(&self, service: S) -> Self::Future {
        ready(Ok(AuthenticateService {
            service: Rc::new(service),
        }))
    }
}

impl<S, B> Service<ServiceRequest> for AuthenticateService<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: 'static,
{
    type Response = ServiceResponse<B>;
    type Error = Error;
    type Future =
        Either<S::Future, Pin<Box<dyn Future<Output = Result<ServiceResponse<B>, Error>>>>>;

    fn poll_ready(&self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.service.poll_ready(context)
    }

    fn call(&self, request: ServiceRequest) -> Self::Future {
        let Some(state) = request.app_data::<web::Data<AppState>>() else {
            return Either::Left(self.service.call(request));
        };
        let found = authenticate(state, &request);
        let expired = match &found {
            Authenticated::Session { live, hash } if state.sessions.token_has_expired(live) => {
                Some((Arc::clone(live), *hash, state.clone()))
            }
            _ => None,
        };
        request.extensions_mut().insert(found);
        let Some((live, hash, state)) = expired else {
            return Either::Left(self.service.call(request));
        };
        let service = Rc::clone(&self.service);
        Either::Right(Box::pin(async move {
            if let Some(provider) = &state.provider {
                provider.refresh(live.id).await;
                // The session may have ended meanwhile, at the provider or here.
                request.extensions_mut().insert(find(&state, hash));
            }
            service.call(request).await
        }))
    }
}

fn authenticate(state: &AppState, request: &ServiceRequest) -> Authenticated {
    match sent_token(&request.get_session()) {
        Some(token) => find(state, token.hash()),
        None => Authenticated::Nobody,
    }
}

fn find(state: &AppState, hash: TokenHash) -> Authenticated {
    match state.sessions.authenticate(hash) {
        Ok(Some(live)) => Authenticated::Session { live, hash },
        Ok(None) => Authenticated::Nobody,
        Err(e) => {
            error!("a session could not be looked up: {e}");
            Authenticated::Unavailable
        }
    }
}
