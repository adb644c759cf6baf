use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::operation::get_secret_value::GetSecretValueOutput;

use super::*;
use crate::sdk;

const NOW: i64 = 1_767_360_868_123;

fn client(secrets: SecretsManager) -> Client {
    Client::new(&sdk::config(sdk::http_client(move |request| {
        secrets.call(request)
    })))
}

async fn get(client: &Client, id: &str, stage: Option<&str>) -> Option<GetSecretValueOutput> {
    let request = client.get_secret_value().secret_id(id);
    let outcome = request
        .set_version_stage(stage.map(str::to_owned))
        .send()
        .await;
    outcome
        .inspect_err(|error| {
            let error = error.as_service_error().expect("an answer");
            assert!(error.is_resource_not_found_exception(), "{error:?}");
        })
        .ok()
}

#[tokio::test]
async fn the_sdk_reads_the_current_value_and_the_one_before() {
    let mut secrets = SecretsManager::new();
    secrets.rotate("wechat", "first", NOW);
    let first = get(&client(secrets.clone()), "wechat", None).await.unwrap();
    assert_eq!(first.secret_string(), Some("first"));
    secrets.rotate("wechat", "second", NOW + 1);
    secrets.rotate("wechat", "third", NOW + 2);
    assert_eq!(secrets.current("wechat"), Some("third"));
    let client = client(secrets);
    let current = get(&client, "wechat", None).await.unwrap();
    assert_eq!(current.secret_string(), Some("third"));
    assert_eq!(current.version_stages(), ["AWSCURRENT"]);
    assert_eq!(current.name(), Some("wechat"));
    assert_eq!(
        current.created_date().unwrap().to_millis().unwrap(),
        NOW + 2
    );
    let previous = get(&client, "wechat", Some("AWSPREVIOUS")).await.unwrap();
    assert_eq!(previous.secret_string(), Some("second"));
    let by_arn = get(&client, current.arn().unwrap(), None).await.unwrap();
    assert_eq!(by_arn.version_id(), current.version_id());
    let by_version = client.get_secret_value().secret_id("wechat");
    let by_version = by_version
        .version_id(first.version_id().unwrap())
        .send()
        .await;
    assert_eq!(by_version.unwrap().secret_string(), Some("first"));
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let mut secrets = SecretsManager::new();
    secrets.rotate("wechat", "first", NOW);
    let client = client(secrets);
    assert!(get(&client, "jwt", None).await.is_none());
    assert!(get(&client, "wechat", Some("AWSPREVIOUS")).await.is_none());
}
