use serde_json::json;

use crate::city::{Answer, City, PASSWORD, Person, address};

async fn ask(person: &Person, email: &str, password: &str) -> Answer {
    person.browser().post("/v1/account/email", json!({ "email": email, "password": password })).await
}

async fn confirm(city: &City, token: &str) -> Answer {
    city.stranger().post("/v1/account/email/confirm", json!({ "token": token })).await
}

async fn revert(city: &City, token: &str) -> Answer {
    city.stranger().post("/v1/account/email/revert", json!({ "token": token })).await
}

async fn email_of(person: &Person) -> String {
    person.browser().get("/v1/account").await.is(200).text("email")
}

/// Moves a person to an address, as its owner.
async fn move_to(city: &City, person: &Person, email: &str) {
    ask(person, email, PASSWORD).await.is(202);
    confirm(city, &city.link(email, "confirm-email").await).await.is(204);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_moves_to_a_proven_address() {
    let city = City::new().await;
    let asha = city.customer("asha").await;
    ask(&asha, &address("new"), "not the password").await.is_problem(403, "wrong_password");
    ask(&asha, &address("new"), PASSWORD).await.is(202);
    assert_eq!(email_of(&asha).await, asha.email);
    let token = city.link(&address("new"), "confirm-email").await;
    confirm(&city, &token).await.is(204);
    assert_eq!(email_of(&asha).await, address("new"));
    confirm(&city, &token).await.is_problem(410, "link_invalid");

    asha.try_sign_in(PASSWORD).await.is_problem(401, "wrong_credentials");
    let moved = Person::claiming(city.stranger(), &address("new"), PASSWORD);
    moved.sign_in().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_taken_address_is_told_to_itself_alone() {
    let city = City::new().await;
    let (asha, ravi) = (city.customer("asha").await, city.customer("ravi").await);
    let taken = ask(&asha, &ravi.email, PASSWORD).await.is(202);
    let free = ask(&asha, &address("free"), PASSWORD).await.is(202);
    assert_eq!(taken.body, free.body);
    let mail = city.mail(&ravi.email, 2).await;
    assert!(!mail["text"].as_str().unwrap().contains("#token="), "{mail:#}");
    assert_eq!(email_of(&asha).await, asha.email);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_accounts_cannot_move_to_one_address() {
    let city = City::new().await;
    let (asha, ravi) = (city.customer("asha").await, city.customer("ravi").await);
    ask(&asha, &address("wanted"), PASSWORD).await.is(202);
    let ashas = city.link(&address("wanted"), "confirm-email").await;
    ask(&ravi, &address("wanted"), PASSWORD).await.is(202);
    city.mail(&address("wanted"), 2).await;
    let ravis = city.link(&address("wanted"), "confirm-email").await;
    let (first, second) = tokio::join!(confirm(&city, &ashas), confirm(&city, &ravis));
    let mut statuses = [first.status, second.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [204, 409], "{first:?} {second:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_that_was_moved_on_is_taken_back_with_all_that_followed() {
    let city = City::new().await;
    let asha = city.customer("asha").await;
    move_to(&city, &asha, &address("thief")).await;
    let ours = city.link(&asha.email, "revert-email").await;
    move_to(&city, &asha, &address("thief.two")).await;
    let thiefs = city.link(&address("thief"), "revert-email").await;
    revert(&city, &ours).await.is(204);
    revert(&city, &thiefs).await.is_problem(410, "link_invalid");
    let reset = city.link(&asha.email, "reset-password").await;
    let body = json!({ "token": reset, "new_password": "a brand new password" });
    city.stranger().post("/v1/auth/reset-password", body).await.is(204);
    asha.try_sign_in("a brand new password").await.is(200);
}

/// A thief who knew the password asks for moves ahead; they die with the sessions.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pending_move_dies_with_a_new_password() {
    let city = City::new().await;
    let asha = city.customer("asha").await;
    ask(&asha, &address("thief"), PASSWORD).await.is(202);
    let pending = city.link(&address("thief"), "confirm-email").await;
    city.stranger().post("/v1/auth/forgot-password", json!({ "email": asha.email })).await.is(202);
    let reset = city.link(&asha.email, "reset-password").await;
    let body = json!({ "token": reset, "new_password": "a brand new password" });
    city.stranger().post("/v1/auth/reset-password", body).await.is(204);
    confirm(&city, &pending).await.is_problem(410, "link_invalid");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pending_move_dies_with_a_revert() {
    let city = City::new().await;
    let asha = city.customer("asha").await;
    ask(&asha, &address("thief.two"), PASSWORD).await.is(202);
    let pending = city.link(&address("thief.two"), "confirm-email").await;
    move_to(&city, &asha, &address("thief")).await;
    revert(&city, &city.link(&asha.email, "revert-email").await).await.is(204);
    confirm(&city, &pending).await.is_problem(410, "link_invalid");
}

/// Moved away and back by the owner, the first link still ends all sessions and leads to a new password.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_is_taken_back_where_the_account_has_come_back() {
    let city = City::new().await;
    let asha = city.customer("asha").await;
    move_to(&city, &asha, &address("other")).await;
    let token = city.link(&asha.email, "revert-email").await;
    move_to(&city, &asha, &asha.email).await;
    revert(&city, &token).await.is(204);
    let reset = city.link(&asha.email, "reset-password").await;
    let body = json!({ "token": reset, "new_password": "a brand new password" });
    city.stranger().post("/v1/auth/reset-password", body).await.is(204);
    asha.try_sign_in("a brand new password").await.is(200);
}

mod on_one_machine {
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn the_former_address_takes_a_change_back() {
        let city = City::new().await;
        let asha = city.customer("asha").await;
        move_to(&city, &asha, "thief@example.com").await;
        let token = city.link(&asha.email, "revert-email").await;
        city.advance("PT167H").await;
        revert(&city, &token).await.is(204);

        // The thief knew the password: it is gone, and so are all sessions.
        for email in ["thief@example.com", asha.email.as_str()] {
            let thief = Person::claiming(city.stranger(), email, PASSWORD);
            thief.try_sign_in(PASSWORD).await.is_problem(401, "wrong_credentials");
        }
        asha.exchange(&asha.refresh_token()).await.is_problem(401, "invalid_refresh_token");
        let reset = city.link(&asha.email, "reset-password").await;
        let body = json!({ "token": reset, "new_password": "a brand new password" });
        city.stranger().post("/v1/auth/reset-password", body).await.is(204);
        asha.try_sign_in("a brand new password").await.is(200);
        revert(&city, &token).await.is_problem(410, "link_invalid");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_former_address_is_kept_for_a_week() {
        let city = City::new().await;
        let asha = city.customer("asha").await;
        move_to(&city, &asha, "new@example.com").await;
        let token = city.link(&asha.email, "revert-email").await;
        let register = |number: u32| {
            let body = json!({ "email": asha.email, "password": format!("a fine password {number}"), "name": "Other" });
            let browser = city.stranger();
            async move { browser.post("/v1/auth/register", body).await.is(202) }
        };
        register(1).await;
        // The mails so far: the first link, the change, the link of registration 1.
        city.mail(&asha.email, 3).await;
        let link = city.link(&asha.email, "verify-email").await;
        city.stranger()
            .post("/v1/auth/verify-email", json!({ "token": link }))
            .await
            .is_problem(409, "already_registered");

        city.advance("PT168H1S").await;
        revert(&city, &token).await.is_problem(410, "link_invalid");
        register(2).await;
        city.mail(&asha.email, 4).await;
        let link = city.link(&asha.email, "verify-email").await;
        city.stranger().post("/v1/auth/verify-email", json!({ "token": link })).await.is(200);
    }
}
