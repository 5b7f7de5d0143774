use std::future::{Ready, ready};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use actix_session::SessionExt;
use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform};
use actix_web::{Error, web};
use futures_util::future::Either;

use crate::domain::TokenHash;
use crate::error::AppError;
use crate::sign_in::oidc::RefreshOutcome;
use crate::web::http::session_cookie::with_expired_token;
use crate::web::http::state::AppState;

/// Refreshes an expired access token at the provider before the handler runs. A session that the
/// provider has ended is ended here, too. The request waits 2 seconds at most.
///
/// Belongs inside the session middleware. A request without an expired token passes through without
/// an allocation.
pub struct RefreshProviderToken;

pub struct RefreshProviderTokenService<S> {
    service: Rc<S>,
}

impl<S, B> Transform<S, ServiceRequest> for RefreshProviderToken
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: 'static,
{
    type Response = ServiceResponse<B>;
    type Error = Error;
    type Transform = RefreshProviderTokenService<S>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, ()>>;

    fn new_transform(&self, service: S) -> Self::Future {
        ready(Ok(RefreshProviderTokenService {
            service: Rc::new(service),
        }))
    }
}

impl<S, B> Service<ServiceRequest> for RefreshProviderTokenService<S>
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
        let Some(session) = with_expired_token(&request.get_session()) else {
            return Either::Left(self.service.call(request));
        };
        let service = Rc::clone(&self.service);
        Either::Right(Box::pin(async move {
            if let Some(state) = request.app_data::<web::Data<AppState>>() {
                refresh(state, session).await?;
            }
            service.call(request).await
        }))
    }
}

async fn refresh(state: &AppState, session: TokenHash) -> Result<(), AppError> {
    let Some(provider) = &state.provider else {
        return Ok(());
    };
    let Some(live) = state.sessions.authenticated(session)? else {
        return Ok(());
    };
    if provider.refresh(live.id).await == RefreshOutcome::Ended {
        // Reading the session again removes it from the cache. The handler then finds no session.
        state.sessions.authenticate(session)?;
    }
    Ok(())
}
