//! Every URL in one table, with the callers it is for.

use actix_web::HttpResponse;
use actix_web::guard::{self, Guard};
use actix_web::http::Method;
use actix_web::web::{self, ServiceConfig};

use crate::error::AppError;
use crate::web::http::extract::Admin;
use crate::web::http::middleware::{Authenticate, RouteMetrics};
use crate::web::http::session_cookie::SessionLayer;
use crate::web::pages::{
    account, admin, code_step, dashboard, email_step, health, not_me, root, sign_in, sign_out,
    static_files, workos,
};

/// The callers of a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Anyone. The session is not read.
    Anyone,
    /// Anyone. The session is read, so that the page can greet a signed-in person.
    Visitor,
    /// A signed-in person; a visitor is sent to the sign-in page. The extractor `SignedIn` enforces it.
    SignedIn,
    /// An admin; a member gets a 404. The extractor `Admin` enforces it.
    Admin,
}

pub struct Route {
    /// GET (which includes HEAD) or POST.
    pub method: Method,
    pub path: &'static str,
    pub access: Access,
    handler: fn() -> actix_web::Route,
}

fn get(path: &'static str, access: Access, handler: fn() -> actix_web::Route) -> Route {
    Route {
        method: Method::GET,
        path,
        access,
        handler,
    }
}

fn post(path: &'static str, access: Access, handler: fn() -> actix_web::Route) -> Route {
    Route {
        method: Method::POST,
        path,
        access,
        handler,
    }
}

/// Every route. The first path that matches a request is taken, so a fixed path stands before a pattern
/// that matches it too: `/admin/accounts/import` before `/admin/accounts/{id}`.
pub fn table() -> Vec<Route> {
    use Access::{Anyone, SignedIn, Visitor};
    vec![
        // First, since actix-web tries one route after the other and most requests are for the dashboard.
        get("/dashboard", SignedIn, || web::to(dashboard::show)),
        get("/healthz", Anyone, || web::to(health::alive)),
        get("/readyz", Anyone, || web::to(health::ready)),
        get("/signed-out", Anyone, || web::to(sign_out::signed_out)),
        get("/", Visitor, || web::to(root::enter)),
        get("/sign-in", Visitor, || web::to(sign_in::show)),
        get("/sign-in/email", Visitor, || web::to(email_step::show)),
        post("/sign-in/email", Visitor, || web::to(email_step::send_code)),
        get("/sign-in/code", Visitor, || web::to(code_step::show)),
        post("/sign-in/code", Visitor, || web::to(code_step::verify)),
        post("/sign-in/code/resend", Visitor, || {
            web::to(code_step::resend)
        }),
        get("/sign-in/not-me", Anyone, || web::to(not_me::show)),
        post("/sign-in/not-me", Anyone, || web::to(not_me::stop)),
        get("/auth/workos", Visitor, || web::to(workos::start)),
        get("/auth/workos/callback", Visitor, || {
            web::to(workos::callback)
        }),
        get("/auth/workos/finish", Visitor, || web::to(workos::finish)),
        get("/auth/workos/another-account", Visitor, || {
            web::to(workos::another_account)
        }),
        post("/sign-out", Visitor, || web::to(sign_out::sign_out)),
        get("/account", SignedIn, || web::to(account::profile::show)),
        post("/account/name", SignedIn, || {
            web::to(account::profile::rename)
        }),
        get("/account/sessions", SignedIn, || {
            web::to(account::sessions::show)
        }),
        post("/account/sessions/end-others", SignedIn, || {
            web::to(account::sessions::end_others)
        }),
        get("/account/activity", SignedIn, || {
            web::to(account::activity::show)
        }),
        post("/account/sessions/{id}/end", SignedIn, || {
            web::to(account::sessions::end)
        }),
        post("/account/browsers/{id}/forget", SignedIn, || {
            web::to(account::sessions::forget_browser)
        }),
        get("/static/{name:.*}", Anyone, || web::to(static_files::serve)),
    ]
    .into_iter()
    .chain(admin_table())
    .collect()
}

fn admin_table() -> Vec<Route> {
    use Access::Admin;
    use admin::{account, accounts, activity, codes, delete_account, import};
    vec![
        get("/admin", Admin, || web::to(admin::enter)),
        get("/admin/accounts", Admin, || web::to(accounts::show)),
        post("/admin/accounts", Admin, || web::to(accounts::add)),
        get("/admin/accounts/import", Admin, || web::to(import::show)),
        post("/admin/accounts/import", Admin, || web::to(import::preview)),
        post("/admin/accounts/import/confirm", Admin, || {
            web::to(import::add)
        }),
        get("/admin/health", Admin, || web::to(health::show)),
        get("/admin/accounts/{id}", Admin, || web::to(account::show)),
        get("/admin/accounts/{id}/delete", Admin, || {
            web::to(delete_account::ask)
        }),
        post("/admin/accounts/{id}/delete", Admin, || {
            web::to(delete_account::delete)
        }),
        post("/admin/accounts/{id}/{change}", Admin, || {
            web::to(account::change)
        }),
        post("/admin/accounts/{id}/sessions/end", Admin, || {
            web::to(account::end_all_sessions)
        }),
        post("/admin/accounts/{id}/sessions/{session}/end", Admin, || {
            web::to(account::end_session)
        }),
        get("/admin/codes", Admin, || web::to(codes::show)),
        get("/admin/activity", Admin, || web::to(activity::show)),
        get("/admin/activity.csv", Admin, || web::to(activity::export)),
    ]
}

/// Registers the table with actix-web: the routes of one path become one resource, so that a wrong method
/// is answered with 405 and the allowed ones.
pub fn configure(config: &mut ServiceConfig, session: &SessionLayer) {
    let mut routes = table();
    while let Some(path) = routes.first().map(|route| route.path) {
        let (of_path, rest) = routes
            .into_iter()
            .partition::<Vec<_>, _>(|route| route.path == path);
        routes = rest;
        let mut resource = web::resource(path).app_data(RouteMetrics::of(path));
        let mut allow: Vec<&str> = Vec::new();
        for route in &of_path {
            allow.push(route.method.as_str());
            if route.method == Method::GET {
                allow.push("HEAD");
            }
            resource = resource.route((route.handler)().guard(accepts(route.method.clone())));
        }
        let allow = allow.join(", ");
        let for_admins = of_path.iter().all(|route| route.access == Access::Admin);
        let resource = resource.default_service(not_allowed(allow, for_admins));
        if of_path.iter().any(|route| route.access != Access::Anyone) {
            // The last layer runs first.
            config.service(resource.wrap(Authenticate).wrap(session.middleware()));
        } else {
            config.service(resource);
        }
    }
    config.default_service(web::to(|| async {
        Err::<HttpResponse, _>(AppError::NotFound)
    }));
}

/// Answers 405. On an admin's page only an admin gets the 405; anyone else gets what the page itself would
/// answer.
fn not_allowed(allow: String, for_admins: bool) -> actix_web::Route {
    let refuse = move || AppError::MethodNotAllowed {
        allow: allow.clone(),
    };
    if for_admins {
        return web::to(move |_: Admin| {
            let refusal = refuse();
            async move { Err::<HttpResponse, _>(refusal) }
        });
    }
    web::to(move || {
        let refusal = refuse();
        async move { Err::<HttpResponse, _>(refusal) }
    })
}

fn accepts(method: Method) -> impl Guard {
    guard::fn_guard(move |context| {
        let requested = &context.head().method;
        *requested == method || (method == Method::GET && *requested == Method::HEAD)
    })
}
