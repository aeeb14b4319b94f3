//! What a probe reads of a health page, in every form in which servers send one.

use crate::small::Small;
use pointsman_lab::bodies;

#[tokio::test(flavor = "multi_thread")]
async fn each_form_of_a_body_is_read_or_refused_in_words() {
    let origin = bodies::start().await.unwrap();
    let world = Small::settled(&bodies::config(origin.port()), &[]).await;
    for case in bodies::cases() {
        let expected = case.fails.map_or_else(|| "up".to_owned(), |why| format!("down: {why}"));
        world.says(case.name, &expected).await;
    }
}
