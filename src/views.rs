//! Pages and fragments, in maud. They take plain data and know no requests.

pub mod accent;
pub mod account;
pub mod account_menu;
pub mod activity_list;
pub mod admin;
pub mod code_step;
pub mod components;
pub mod dashboard;
pub mod email_step;
pub mod landing;
pub mod layout;
pub mod message;
pub mod not_me;
pub mod sign_in;
pub mod signed_out;

pub use layout::{Assets, Screen, Site};
