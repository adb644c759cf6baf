//! The API: its routes, throttles, browser origins, address and access log.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use support::Template;
use support::template::{entries, list, read, text, texts, yaml};

use crate::rule::{Finding, Rule, finding};

pub(crate) const RULES: &[Rule] = &[
    Rule {
        name: "the routes are those of openapi.yaml",
        check: described_routes,
        mistakes: &[
            ("Path: /v1/logout", "Path: /v1/log-out"),
            (
                "Method: PATCH, Path: /v1/users/me",
                "Method: PUT, Path: /v1/users/me",
            ),
            (
                "        Profiles: {Type: HttpApi, Properties: {ApiId: !Ref Api, Method: GET, Path: /v1/profiles}}\n",
                "",
            ),
        ],
    },
    Rule {
        name: "routes that cost more than others have throttles of their own, in numbers, and logins room for a flood",
        check: route_settings,
        mistakes: &[
            ("        POST /v1/login: {", "        POST /v1/log-in: {"),
            (
                "        POST /v1/login/refresh: {",
                "        post /v1/login/refresh: {",
            ),
            (
                "        POST /v1/uploads/batch: {",
                "        POST /v1/uploads/{id}: {",
            ),
            (
                "{ThrottlingRateLimit: 50, ThrottlingBurstLimit: 100}",
                "{ThrottlingRateLimit: 50, ThrottlingBurst: 100}",
            ),
            (
                "{ThrottlingRateLimit: 500, ",
                "{ThrottlingRateLimit: !Ref ApiRateLimit, ",
            ),
            (
                "{ThrottlingRateLimit: 500, ",
                "{ThrottlingRateLimit: \"500\", ",
            ),
            // One client's flood would lock everybody out.
            (
                "POST /v1/login: {ThrottlingRateLimit: 500, ",
                "POST /v1/login: {ThrottlingRateLimit: 50, ",
            ),
            (
                "POST /v1/wechat/push: {ThrottlingRateLimit: 100, ",
                "POST /v1/wechat/push: {ThrottlingRateLimit: 10, ",
            ),
        ],
    },
    Rule {
        name: "gateway and bucket are given their browser origins as lists",
        check: origins,
        mistakes: &[
            (
                "AllowOrigins: !Ref CorsOrigins",
                "AllowOrigins: !Split [\",\", !Ref CorsOrigins]",
            ),
            (
                "AllowedOrigins: !Ref CorsOrigins",
                "AllowedOrigins: [!Ref CorsOrigins]",
            ),
            (
                "    Type: CommaDelimitedList\n    Default: https://servicewechat.com",
                "    Type: String\n    Default: https://servicewechat.com",
            ),
        ],
    },
    Rule {
        name: "the address that AWS gives the API is closed only where there is another",
        check: default_endpoint,
        mistakes: &[
            (
                "OnlyApiDomain: !And [!Condition HasApiDomain, ",
                "OnlyApiDomain: !And [!Condition OutsideChina, ",
            ),
            (
                "DisableExecuteApiEndpoint: !If [OnlyApiDomain, true, false]",
                "DisableExecuteApiEndpoint: true",
            ),
            ("      - OnlyApiDomain\n", "      - HasApiRecord\n"),
        ],
    },
    Rule {
        name: "the access log says nothing of who asked, or what was in the address",
        check: access_log,
        mistakes: &[
            ("$context.routeKey", "$context.path"),
            (
                "\"status\":\"$context.status\"",
                "\"ip\":\"$context.identity.sourceIp\"",
            ),
            (
                "\"status\":\"$context.status\"",
                "\"status\":$context.status,",
            ),
            ("      AccessLogSettings:\n", "      AccessLogs:\n"),
        ],
    },
];

fn described_routes(template: &Template) -> Vec<Finding> {
    let methods = ["get", "put", "post", "patch", "delete"];
    let description = yaml(&read("openapi.yaml"));
    let described = entries(&description["paths"]).flat_map(|(path, operations)| {
        let operations = entries(operations).filter(|(method, _)| methods.contains(method));
        operations.map(move |(method, _)| format!("{} {path}", method.to_uppercase()))
    });
    let (described, routes) = (described.collect::<BTreeSet<_>>(), template.routes());
    let missing = described.difference(&routes);
    let missing = missing.map(|route| finding(route, "leads to no function"));
    let unknown = routes.difference(&described);
    let unknown = unknown.map(|route| finding(route, "is not in openapi.yaml"));
    missing.chain(unknown).collect()
}

/// Routes that cost more than others, and the least that they have to let through in a second.
const COSTLY: [(&str, u64); 5] = [
    ("POST /v1/login", 500),
    ("POST /v1/login/refresh", 500),
    ("POST /v1/uploads", 1),
    ("POST /v1/uploads/batch", 1),
    // What comes at once is the verdicts on a flood of uploads.
    ("POST /v1/wechat/push", 100),
];

fn route_settings(template: &Template) -> Vec<Finding> {
    let routes = template.routes();
    let apis = template.resources("AWS::Serverless::HttpApi");
    let settings = apis.flat_map(|(_, api)| entries(&api["Properties"]["RouteSettings"]));
    let settings: Vec<_> = settings.collect();
    let unset = COSTLY
        .iter()
        .filter(|(route, _)| !settings.iter().any(|(set, _)| set == route));
    let mut found: Vec<_> = unset
        .map(|(route, _)| finding(route, "has no RouteSettings"))
        .collect();
    for (route, limits) in settings {
        if !routes.contains(route) {
            found.push(finding(route, "has RouteSettings and is no route"));
        }
        let least = COSTLY.iter().find(|(costly, _)| *costly == route);
        let problem = wrong_limits(limits, least.map_or(1, |(_, least)| *least));
        found.extend(problem.map(|problem| finding(route, problem)));
    }
    found
}

fn wrong_limits(limits: &Value, least: u64) -> Option<String> {
    let limit = |name: &str| limits[name].as_u64();
    match (limit("ThrottlingRateLimit"), limit("ThrottlingBurstLimit")) {
        (Some(rate), _) if rate < least => {
            Some(format!("lets {rate} through a second, less than {least}"))
        }
        (Some(rate), Some(burst)) if burst < rate => {
            Some(format!("has a burst of {burst}, less than its rate {rate}"))
        }
        (Some(_), Some(_)) => None,
        _ => Some(format!(
            "needs ThrottlingRateLimit and ThrottlingBurstLimit, both as numbers: {limits}"
        )),
    }
}

fn origins(template: &Template) -> Vec<Finding> {
    let apis = template.resources("AWS::Serverless::HttpApi");
    let apis = apis.map(|(name, api)| {
        let origins = &api["Properties"]["CorsConfiguration"]["AllowOrigins"];
        (name, origins)
    });
    let buckets = template.resources("AWS::S3::Bucket");
    let buckets = buckets.flat_map(|(name, bucket)| {
        let rules = list(&bucket["Properties"]["CorsConfiguration"]["CorsRules"]);
        rules.map(move |rule| (name, &rule["AllowedOrigins"]))
    });
    let otherwise = apis.chain(buckets).filter(|(_, origins)| {
        let parameter = text(&origins["Ref"]);
        template.section("Parameters")[parameter]["Type"] != "CommaDelimitedList"
    });
    let findings = otherwise.map(|(name, origins)| {
        let problem =
            format!("takes its origins from {origins}, not from a parameter of type list");
        finding(name, problem)
    });
    findings.collect()
}

fn default_endpoint(template: &Template) -> Vec<Finding> {
    let closed = json!({"Fn::If": ["OnlyApiDomain", true, false]});
    let condition = &template.section("Conditions")["OnlyApiDomain"];
    let domain = json!({"Condition": "HasApiDomain"});
    let needs_domain = list(&condition["Fn::And"]).any(|part| *part == domain);
    let address = &template.section("Outputs")["ApiUrl"]["Value"]["Fn::If"][0];
    let mut apis = template.resources("AWS::Serverless::HttpApi");
    let closed = apis.all(|(_, api)| api["Properties"]["DisableExecuteApiEndpoint"] == closed);
    let checks = [
        (
            closed,
            "Api",
            "DisableExecuteApiEndpoint does not depend on OnlyApiDomain alone",
        ),
        (
            needs_domain,
            "OnlyApiDomain",
            "does not depend on HasApiDomain",
        ),
        (
            address == "OnlyApiDomain",
            "ApiUrl",
            "does not depend on OnlyApiDomain",
        ),
        (
            !template.holds_by_default("OnlyApiDomain"),
            "OnlyApiDomain",
            "is fulfilled by the defaults",
        ),
    ];
    let failed = checks.into_iter().filter(|(holds, ..)| !holds);
    failed
        .map(|(_, at, problem)| finding(at, problem))
        .collect()
}

/// Neither path nor query, headers, addresses or identities.
const LOGGED: [&str; 8] = [
    "requestId",
    "requestTime",
    "routeKey",
    "status",
    "responseLength",
    "responseLatency",
    "integrationLatency",
    "integrationErrorMessage",
];

fn access_log(template: &Template) -> Vec<Finding> {
    let apis = template.resources("AWS::Serverless::HttpApi");
    let findings = apis.flat_map(|(name, api)| {
        let format = text(&api["Properties"]["AccessLogSettings"]["Format"]);
        let line = serde_json::from_str::<Value>(&format).unwrap_or_default();
        let broken = !line.is_object() || format.contains('\n');
        let broken = broken.then(|| format!("AccessLogSettings.Format is no JSON line: {format}"));
        let logged = texts(&line).into_iter();
        let told = logged.filter(|(_, text)| {
            let variable = text.strip_prefix("$context.");
            !variable.is_some_and(|variable| LOGGED.contains(&variable))
        });
        let told = told.map(|(key, text)| format!("logs {text} as {key}"));
        let problems: Vec<_> = broken.into_iter().chain(told).collect();
        problems
            .into_iter()
            .map(move |problem| finding(name, problem))
    });
    findings.collect()
}
