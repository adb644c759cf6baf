//! Parameters, what is left out until one asks for it, and checks that are skipped.

use std::collections::BTreeSet;

use regex_lite::Regex;
use serde_json::{Value, json};
use shared::upload::base_url::UploadsBaseUrl;
use support::Template;
use support::template::{entries, list, read, text, texts, yaml};

use crate::rule::{Finding, Rule, finding};

pub(crate) const RULES: &[Rule] = &[
    Rule {
        name: "what is optional is off",
        check: optional,
        mistakes: &[
            (
                "    Type: AWS::CloudFormation::Stack\n    Condition: HasAnyCdn\n",
                "    Type: AWS::CloudFormation::Stack\n",
            ),
            (
                "    Type: AWS::SNS::Topic\n    Condition: HasAlarmEmail\n",
                "    Type: AWS::SNS::Topic\n    Condition: OutsideChina\n",
            ),
            (
                "HasKmsKey: !Not [!Equals [!Ref KmsKeyArn, \"\"]]",
                "HasKmsKey: !Equals [!Ref KmsKeyArn, \"\"]",
            ),
            (
                "HasCdn: !And [!Equals [!Ref AssetsCdn, \"true\"], !Condition OutsideChina]",
                "HasCdn: !Or [!Equals [!Ref AssetsCdn, \"true\"], !Condition OutsideChina]",
            ),
            ("    Condition: HasApiRecord\n", ""),
        ],
    },
    Rule {
        name: "whoever is asked for parameters is asked for each of them",
        check: groups,
        mistakes: &[
            ("          - AlarmEmail\n", ""),
            (
                "Parameters: [AwsEndpointUrl, TlsOnly]",
                "Parameters: [AwsEndpointUrl, Tls]",
            ),
        ],
    },
    Rule {
        name: "a check that is skipped has its reason beside it",
        check: skips,
        mistakes: &[(
            "{id: CKV_AWS_19, comment: It does not look into the condition; either side of it encrypts}",
            "{id: CKV_AWS_19}",
        )],
    },
    Rule {
        name: "an address with which no function would start is refused before it is deployed",
        check: addresses,
        mistakes: &[(
            "AllowedPattern: ^((https://[A-Za-z0-9][A-Za-z0-9.-]*|http://(localhost|127\\.0\\.0\\.1))(:[1-9][0-9]{0,4})?)?$",
            "AllowedPattern: ^(https?://[^/?#@]+)?$",
        )],
    },
    Rule {
        name: "words that YAML 1.1, and so CloudFormation, takes for booleans are in quotes",
        check: quoted,
        mistakes: &[
            ("[full, basic, \"off\"]", "[full, basic, off]"),
            ("\"on\", \"off\"]", "on, off]"),
            ("basic: \"true\", \"off\": ", "basic: \"true\", off: "),
            ("    Default: basic\n", "    Default: No\n"),
        ],
    },
];

/// Types that a stack has by the operator's choice alone.
const OPTIONAL: [&str; 8] = [
    "AWS::ApiGatewayV2::",
    "AWS::CertificateManager::",
    "AWS::CloudFormation::Stack",
    "AWS::CloudFront::",
    "AWS::KMS::",
    "AWS::Route53::",
    "AWS::SNS::",
    "AWS::WAFv2::",
];

fn is_optional(resource: &Value) -> bool {
    let actions = texts(&resource["Properties"]["PolicyDocument"]);
    let of_key = actions.iter().any(|(_, text)| text.starts_with("kms:"));
    let kind = text(&resource["Type"]);
    of_key || OPTIONAL.iter().any(|prefix| kind.starts_with(prefix))
}

fn optional(template: &Template) -> Vec<Finding> {
    let resources = entries(template.section("Resources"));
    let optional: Vec<_> = resources.filter(|(_, r)| is_optional(r)).collect();
    assert!(!optional.is_empty(), "the template has optional parts");
    let findings = optional.into_iter().filter_map(|(name, resource)| {
        let problem = match resource["Condition"].as_str() {
            None => "has no Condition".to_owned(),
            Some(condition) if template.holds_by_default(condition) => {
                format!("its Condition {condition} is fulfilled by the parameters' defaults")
            }
            Some(_) => return None,
        };
        Some(finding(name, problem))
    });
    findings.collect()
}

fn groups(template: &Template) -> Vec<Finding> {
    let interface = &template.section("Metadata")["AWS::CloudFormation::Interface"];
    let grouped = list(&interface["ParameterGroups"]).flat_map(|group| list(&group["Parameters"]));
    let grouped: BTreeSet<_> = grouped.map(text).collect();
    let parameters = entries(template.section("Parameters"));
    let parameters: BTreeSet<_> = parameters.map(|(name, _)| name.to_owned()).collect();
    let missing = parameters.difference(&grouped);
    let missing = missing.map(|name| finding(name, "is in no group of the interface"));
    let unknown = grouped.difference(&parameters);
    let unknown =
        unknown.map(|name| finding("Metadata", format!("groups {name}, which is no parameter")));
    missing.chain(unknown).collect()
}

fn skips(template: &Template) -> Vec<Finding> {
    let resources = entries(template.section("Resources"));
    let skips = resources.flat_map(|(name, resource)| {
        let skips = list(&resource["Metadata"]["checkov"]["skip"]);
        skips.map(move |skip| (name, skip))
    });
    let unreasoned = skips.filter(|(_, skip)| text(&skip["comment"]).len() <= 20);
    unreasoned
        .map(|(name, skip)| finding(name, format!("skips {} without a reason", skip["id"])))
        .collect()
}

/// Addresses as people write them, of which [`UploadsBaseUrl`] takes some.
const ADDRESSES: [&str; 12] = [
    "https://files.example.cn",
    "https://files.example.cn:8443",
    "http://127.0.0.1:9000",
    "http://localhost:9000",
    "http://files.example.cn",
    "http://192.168.1.1",
    "https://files.example.cn/uploads",
    "https://files.example.cn?a=b",
    "https://name@files.example.cn",
    "https://files example.cn",
    "https://files.example.cn:",
    "files.example.cn",
];

fn addresses(template: &Template) -> Vec<Finding> {
    let name = "UploadsBaseUrl";
    let pattern = text(&template.section("Parameters")[name]["AllowedPattern"]);
    let pattern = Regex::new(&pattern).expect("a pattern");
    let differing = ADDRESSES.into_iter().filter(|address| {
        let starts = address.parse::<UploadsBaseUrl>().is_ok();
        pattern.is_match(address) != starts
    });
    differing
        .map(|address| {
            finding(
                name,
                format!("function and template differ about {address:?}"),
            )
        })
        .collect()
}

const YAML_1_1_BOOLEANS: [&str; 6] = ["on", "off", "yes", "no", "y", "n"];

fn quoted(template: &Template) -> Vec<Finding> {
    let lines = template.source().lines().enumerate();
    let findings = lines.flat_map(|(index, line)| {
        let code = line.split(" #").next().unwrap_or_default();
        let words = code.split([',', '[', ']', '{', '}', ':']).map(str::trim);
        let words = words.map(|word| word.trim_start_matches("- "));
        let bare = words.filter(|word| YAML_1_1_BOOLEANS.contains(&&*word.to_lowercase()));
        bare.map(move |word| {
            let problem = format!("line {} has a bare {word:?}", index + 1);
            finding("Resources", problem)
        })
        .collect::<Vec<_>>()
    });
    findings.collect()
}

#[test]
fn checks_that_are_skipped_everywhere_have_their_reasons() {
    let config = read(".checkov.yaml");
    let skips = config.lines().skip_while(|line| *line != "skip-check:");
    let skips: Vec<_> = skips.skip(1).collect();
    assert!(!skips.is_empty(), "something is skipped");
    let is_comment = |line: &str| line.trim_start().starts_with('#');
    let unreasoned = skips.iter().enumerate().filter(|(index, line)| {
        let above = index.checked_sub(1).map(|above| skips[above]);
        !is_comment(line) && !above.is_some_and(is_comment)
    });
    assert_eq!(unreasoned.collect::<Vec<_>>(), [], "no reason above");
}

#[test]
fn the_cdn_keeps_versions_apart() {
    let cdn = yaml(&read("cdn.yaml"));
    let policy = &cdn["Resources"]["CachePolicy"]["Properties"]["CachePolicyConfig"];
    let query = &policy["ParametersInCacheKeyAndForwardedToOrigin"]["QueryStringsConfig"];
    // As `shared::upload::link` writes it.
    assert_eq!(query["QueryStringBehavior"], "whitelist");
    assert_eq!(query["QueryStrings"], json!(["versionId"]));
}

#[test]
fn the_cdn_passes_uploads_on_as_they_were_signed() {
    let cdn = yaml(&read("cdn.yaml"));
    let resource = |name: &str| cdn["Resources"][name]["Properties"].clone();
    let request = &resource("UploadsRequest")["OriginRequestPolicyConfig"];
    assert_eq!(request["QueryStringsConfig"]["QueryStringBehavior"], "all");
    // What is signed is the bucket's own host.
    let headers = json!({"HeaderBehavior": "allExcept", "Headers": ["Host"]});
    assert_eq!(request["HeadersConfig"], headers);
    let distribution = &resource("UploadsDistribution")["DistributionConfig"];
    let origin = &distribution["Origins"][0];
    assert_eq!(origin["OriginAccessControlId"], Value::Null);
    let methods = list(&distribution["DefaultCacheBehavior"]["AllowedMethods"]);
    let methods: Vec<_> = methods.filter_map(|method| method.as_str()).collect();
    for method in ["GET", "OPTIONS", "POST", "PUT"] {
        assert!(methods.contains(&method), "{method}");
    }
}
