// @generated automatically by Diesel CLI.

diesel::table! {
    account_notices (id) {
        id -> BigInt,
        account_id -> BigInt,
        kind -> Text,
        created_at -> BigInt,
    }
}

diesel::table! {
    accounts (id) {
        id -> BigInt,
        email -> Text,
        name -> Text,
        role -> Text,
        confirmed_at -> Nullable<BigInt>,
        suspended_at -> Nullable<BigInt>,
        moved_at -> Nullable<BigInt>,
        created_at -> BigInt,
        admitted_by -> Text,
        last_sign_in_at -> Nullable<BigInt>,
        left_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    activity (id) {
        id -> BigInt,
        at -> BigInt,
        kind -> Text,
        account_id -> Nullable<BigInt>,
        email -> Text,
        actor -> Text,
        ip -> Text,
        browser -> Text,
        outcome -> Text,
        detail -> Text,
    }
}

diesel::table! {
    challenges (id) {
        id -> BigInt,
        token_hash -> Binary,
        email -> Text,
        account_id -> Nullable<BigInt>,
        code_hash -> Binary,
        code_salt -> Binary,
        return_to -> Text,
        tries -> BigInt,
        issued_at -> BigInt,
        expires_at -> BigInt,
        consumed_at -> Nullable<BigInt>,
        disowned_at -> Nullable<BigInt>,
        reported_at -> Nullable<BigInt>,
        session_id -> Nullable<BigInt>,
        known_browser_id -> Nullable<BigInt>,
    }
}

diesel::table! {
    identities (id) {
        id -> BigInt,
        account_id -> BigInt,
        provider -> Text,
        subject -> Text,
        linked_at -> BigInt,
    }
}

diesel::table! {
    known_browsers (id) {
        id -> BigInt,
        token_hash -> Binary,
        account_id -> BigInt,
        browser -> Text,
        created_at -> BigInt,
        last_seen_at -> BigInt,
    }
}

diesel::table! {
    limit_clearances (email) {
        email -> Text,
        cleared_at -> BigInt,
    }
}

diesel::table! {
    notices (kind) {
        kind -> Text,
        sent_at -> BigInt,
    }
}

diesel::table! {
    operator_codes (email) {
        email -> Text,
        code_hash -> Binary,
        code_salt -> Binary,
        expires_at -> BigInt,
    }
}

diesel::table! {
    outgoing_mails (id) {
        id -> BigInt,
        message_id -> Text,
        recipient -> Text,
        subject -> Text,
        body_text -> Text,
        body_html -> Text,
        attempts -> BigInt,
        created_at -> BigInt,
        next_attempt_at -> BigInt,
        give_up_at -> BigInt,
    }
}

diesel::table! {
    pending_revocations (id) {
        id -> BigInt,
        session_id -> BigInt,
        provider -> Text,
        provider_session_id -> Nullable<Text>,
        refresh_token -> Nullable<Binary>,
        attempts -> BigInt,
        next_attempt_at -> BigInt,
    }
}

diesel::table! {
    provider_logouts (token_hash) {
        token_hash -> Binary,
        session_id -> BigInt,
        url -> Binary,
        expires_at -> BigInt,
    }
}

diesel::table! {
    provider_sessions (session_id) {
        session_id -> BigInt,
        provider -> Text,
        subject -> Text,
        provider_session_id -> Nullable<Text>,
        refresh_token -> Nullable<Binary>,
        id_token -> Nullable<Binary>,
        access_expires_at -> BigInt,
        impersonator -> Nullable<Text>,
    }
}

diesel::table! {
    session_revision (id) {
        id -> BigInt,
        ended -> BigInt,
        begun -> BigInt,
    }
}

diesel::table! {
    sessions (id) {
        id -> BigInt,
        token_hash -> Binary,
        account_id -> BigInt,
        method -> Text,
        browser -> Text,
        ip -> Text,
        created_at -> BigInt,
        last_seen_at -> BigInt,
        short_lived -> Bool,
        authentication_method -> Nullable<Text>,
    }
}

diesel::table! {
    wrong_tries (id) {
        id -> BigInt,
        email -> Text,
        account_id -> Nullable<BigInt>,
        tried_at -> BigInt,
        known_browser_id -> Nullable<BigInt>,
    }
}

diesel::joinable!(account_notices -> accounts (account_id));
diesel::joinable!(activity -> accounts (account_id));
diesel::joinable!(challenges -> accounts (account_id));
diesel::joinable!(identities -> accounts (account_id));
diesel::joinable!(known_browsers -> accounts (account_id));
diesel::joinable!(provider_sessions -> sessions (session_id));
diesel::joinable!(sessions -> accounts (account_id));
diesel::joinable!(wrong_tries -> accounts (account_id));

diesel::allow_tables_to_appear_in_same_query!(
    account_notices,
    accounts,
    activity,
    challenges,
    identities,
    known_browsers,
    limit_clearances,
    notices,
    operator_codes,
    outgoing_mails,
    pending_revocations,
    provider_logouts,
    provider_sessions,
    session_revision,
    sessions,
    wrong_tries,
);
