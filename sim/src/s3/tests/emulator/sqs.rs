use super::*;
use crate::sqs::{Settings, Sqs};

/// Where the emulator is more lenient than AWS.
const KNOWN: [&str; 1] = ["long delay"];

fn request(origin: &str, target: &str, body: &Value) -> Request<Bytes> {
    let request = Request::post(origin)
        .header("authorization", AUTHORIZATION.replace("/s3/", "/sqs/"))
        .header("content-type", "application/x-amz-json-1.0")
        .header("x-amz-target", format!("AmazonSQS.{target}"));
    request.body(Bytes::from(body.to_string())).unwrap()
}

/// What the SDK reads of a response. It takes no notice of an error's namespace.
fn summary(response: &Response<Bytes>) -> Vec<String> {
    let answer: Value = serde_json::from_slice(response.body()).unwrap();
    let code = answer["__type"].as_str().unwrap_or_default();
    vec![
        format!("status {}", response.status()),
        format!("code {}", code.rsplit('#').next().unwrap_or_default()),
        format!("query error {:?}", header(response, "x-amzn-query-error")),
        format!("digest {}", answer["MD5OfMessageBody"]),
        format!("id {}", answer["MessageId"].is_string()),
    ]
}

#[tokio::test]
#[ignore = "needs an emulator"]
async fn the_emulators_sqs_differs_where_it_is_known_to() {
    let origin = std::env::var("EMULATOR").unwrap();
    let side = Side::new(&origin, "", now());
    let name = json!({"QueueName": fresh_name()});
    let made = send(&side.aws, request(&origin, "CreateQueue", &name)).await;
    let made: Value = serde_json::from_slice(made.body()).unwrap();
    let url = made["QueueUrl"].as_str().unwrap();
    let mut sqs = Sqs::new().with_queue(url, Settings::dead_letters());
    let long = "a".repeat(1024 * 1024 + 1);
    let mut found = Vec::new();
    for (name, url, body, delay) in [
        ("send", url, "{\"ä\":1}", None),
        ("longest", url, &long[1..], None),
        ("too long", url, &long, None),
        ("empty", url, "", None),
        ("control character", url, "\u{1}", None),
        ("delay", url, "a", Some(900)),
        ("long delay", url, "a", Some(901)),
        ("no queue", "http://aws/none", "a", None),
    ] {
        let body = json!({"QueueUrl": url, "MessageBody": body, "DelaySeconds": delay});
        let request = request(&origin, "SendMessage", &body);
        let model = summary(&sqs.call(&request, side.now));
        let emulator = summary(&send(&side.aws, request).await);
        found.extend((model != emulator).then_some((name, model, emulator)));
    }
    let names: Vec<_> = found.iter().map(|(name, ..)| *name).collect();
    assert_eq!(names, KNOWN, "{found:#?}");
}
