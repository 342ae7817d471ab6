//! Somebody of a role, at the dashboard of a server.

use prospectai::actions::users::Role;
use secrecy::SecretString;

use crate::support::browser::Browser;
use crate::support::test_app::TestApp;

/// What everybody here signs in with.
pub const PASSWORD: &str = "correct horse battery staple";

/// A browser in which a new user of this role is signed in.
pub async fn signed_in(app: &TestApp, role: Role) -> Browser {
    let email = add_user(app, role).await;
    let browser = Browser::at(&app.url("")).await;
    browser.sign_in(&email, PASSWORD).await;
    browser
}

/// A new user of this role; their address.
pub async fn add_user(app: &TestApp, role: Role) -> String {
    let email = format!("{}@example.com", role.as_str());
    let password = SecretString::from(PASSWORD);
    let added = app.actions.create_user(app.actor.clone(), Role::Owner, email.clone(), password, role);
    added.await.expect("a user");
    email
}
