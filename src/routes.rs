//! Every URL in one table, grouped by who may call it.

use actix_web::guard::{self, Guard};
use actix_web::http::Method;
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpResponse, Route};

use crate::error::AppError;
use crate::web::http::extract::Admin;
use crate::web::http::middleware::RoutePattern;
use crate::web::http::session_cookie::SessionLayer;
use crate::web::pages::{
    account, admin, code_step, dashboard, email_step, health, not_me, root, sign_in, sign_out,
    static_files, workos,
};

/// Who may call a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
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
    pub access: Access,
    handler: fn() -> Route,
}

fn get(path: &'static str, access: Access, handler: fn() -> Route) -> Entry {
    Entry {
        method: Method::GET,
        path,
        access,
        handler,
    }
}

fn post(path: &'static str, access: Access, handler: fn() -> Route) -> Entry {
    Entry {
        method: Method::POST,
        path,
        access,
        handler,
    }
}

/// The table.
pub fn table() -> Vec<Entry> {
    use Access::{Anyone, SignedIn, Visitor};
    vec![
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
        get("/dashboard", SignedIn, || web::to(dashboard::show)),
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
        // Last, since paths are compared in this order and patterns cost more than words.
        get("/static/{name:.*}", Anyone, || web::to(static_files::serve)),
    ]
    .into_iter()
    .chain(admin_table())
    .collect()
}

/// Its part for admins.
fn admin_table() -> Vec<Entry> {
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
        let for_admins = here.iter().all(|entry| entry.access == Access::Admin);
        let resource = resource.default_service(not_allowed(allow, for_admins));
        if here.iter().any(|entry| entry.access != Access::Anyone) {
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
