//! Every URL in one table, grouped by who may call it.

use actix_web::guard::{self, Guard};
use actix_web::http::Method;
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpResponse, Route};

use crate::error::AppError;
use crate::web::extract::Admin;
use crate::web::middleware::RoutePattern;
use crate::web::session_cookie::SessionLayer;
use crate::web::{
    dashboard, email_step, front, health, sign_in, sign_out, static_files, verify_code, workos,
};

/// Who may call a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// Anyone; no session is looked at.
    Anyone,
    /// Anyone; whoever is signed in already is recognised.
    Visitor,
    /// Someone signed in; everyone else is sent to sign in. The handler's `SignedIn` sees to it.
    SignedIn,
    /// An admin; for a member there is no such page. The handler's `Admin` sees to it.
    Admin,
}

/// One route.
pub struct Entry {
    /// GET (which answers HEAD too) or POST.
    pub method: Method,
    /// Its path.
    pub path: &'static str,
    /// Who may call it.
    pub who: Who,
    handler: fn() -> Route,
}

/// The table.
pub fn table() -> Vec<Entry> {
    use Who::{Admin, Anyone, SignedIn, Visitor};
    let get = |path, who, handler| Entry {
        method: Method::GET,
        path,
        who,
        handler,
    };
    let post = |path, who, handler| Entry {
        method: Method::POST,
        path,
        who,
        handler,
    };
    vec![
        get("/healthz", Anyone, || web::to(health::alive)),
        get("/readyz", Anyone, || web::to(health::ready)),
        get("/signed-out", Anyone, || web::to(sign_out::signed_out)),
        get("/", Visitor, || web::to(front::enter)),
        get("/sign-in", Visitor, || web::to(sign_in::show)),
        get("/sign-in/email", Visitor, || web::to(email_step::show)),
        post("/sign-in/email", Visitor, || web::to(email_step::send_code)),
        get("/sign-in/code", Visitor, || web::to(verify_code::show)),
        post("/sign-in/code", Visitor, || web::to(verify_code::verify)),
        post("/sign-in/code/resend", Visitor, || {
            web::to(verify_code::resend)
        }),
        get("/auth/workos", Visitor, || web::to(workos::start)),
        get("/auth/workos/callback", Visitor, || {
            web::to(workos::callback)
        }),
        get("/auth/workos/finish", Visitor, || web::to(workos::finish)),
        get("/auth/workos/another-account", Visitor, || {
            web::to(workos::another_account)
        }),
        post("/sign-out", Visitor, || web::to(sign_out::sign_out)),
        get("/admin/health", Admin, || web::to(health::show)),
        get("/dashboard", SignedIn, || web::to(dashboard::show)),
        // Last, since paths are compared in this order and patterns cost more than words.
        get("/static/{name:.*}", Anyone, || web::to(static_files::serve)),
    ]
}

/// Puts the table into the application.
pub fn configure(config: &mut ServiceConfig, session: &SessionLayer) {
    let mut entries = table();
    while let Some(path) = entries.first().map(|entry| entry.path) {
        let (here, rest) = entries
            .into_iter()
            .partition::<Vec<_>, _>(|entry| entry.path == path);
        entries = rest;
        let mut resource = web::resource(path).app_data(RoutePattern(path));
        let mut allow: Vec<&str> = Vec::new();
        for entry in &here {
            allow.push(entry.method.as_str());
            if entry.method == Method::GET {
                allow.push("HEAD");
            }
            resource = resource.route((entry.handler)().guard(answers(entry.method.clone())));
        }
        let allow = allow.join(", ");
        let for_admins = here.iter().all(|entry| entry.who == Who::Admin);
        let resource = resource.default_service(not_allowed(allow, for_admins));
        if here.iter().any(|entry| entry.who != Who::Anyone) {
            config.service(resource.wrap(session.middleware()));
        } else {
            config.service(resource);
        }
    }
    config.default_service(web::to(|| async {
        Err::<HttpResponse, _>(AppError::NotFound)
    }));
}

/// The page is there, but not for this method; a member is not to know even that of an admin's page.
fn not_allowed(allow: String, for_admins: bool) -> Route {
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

fn answers(method: Method) -> impl Guard {
    guard::fn_guard(move |context| {
        let asked = &context.head().method;
        *asked == method || (method == Method::GET && *asked == Method::HEAD)
    })
}
