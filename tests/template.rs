//! What `template.yaml` has to say beyond what its schema asks for. Every rule is tried on the template as it is, and on
//! copies with a mistake in them, which it has to find.

#[path = "template/alarms.rs"]
mod alarms;
#[path = "template/dashboard.rs"]
mod dashboard;
#[path = "template/deployments.rs"]
mod deployments;
#[path = "template/documentation.rs"]
mod documentation;
#[path = "template/functions.rs"]
mod functions;
#[path = "template/index.rs"]
mod index;
#[path = "template/makefile.rs"]
mod makefile;
#[path = "template/metrics.rs"]
mod metrics;
#[path = "template/monitoring.rs"]
mod monitoring;
#[path = "template/parameters.rs"]
mod parameters;
#[path = "template/permissions.rs"]
mod permissions;
#[path = "template/queues.rs"]
mod queues;
#[path = "template/resource_policies.rs"]
mod resource_policies;
#[path = "template/router_paths.rs"]
mod router_paths;
#[path = "template/routes.rs"]
mod routes;
#[path = "template/rule.rs"]
mod rule;
#[path = "template/security.rs"]
mod security;
#[path = "template/service_metrics.rs"]
mod service_metrics;
#[path = "template/storage.rs"]
mod storage;
#[path = "template/variables.rs"]
mod variables;
#[path = "template/written_metrics.rs"]
mod written_metrics;

use support::Template;
use support::template::entries;

use rule::{Finding, Rule, report};

fn rules() -> Vec<Rule> {
    let all = [
        alarms::RULES,
        dashboard::RULES,
        deployments::RULES,
        documentation::RULES,
        functions::RULES,
        index::RULES,
        metrics::RULES,
        monitoring::RULES,
        parameters::RULES,
        permissions::RULES,
        queues::RULES,
        resource_policies::RULES,
        router_paths::RULES,
        routes::RULES,
        service_metrics::RULES,
        storage::RULES,
        variables::RULES,
    ];
    all.concat()
}

#[test]
fn the_template_breaks_no_rule() {
    let report = report(Template::of_workspace(), &rules());
    assert!(
        report.is_empty(),
        "template.yaml breaks these rules:\n{report}"
    );
}

#[test]
fn each_rule_finds_its_mistakes() {
    let source = Template::of_workspace().source();
    let mut unsound = Vec::new();
    for Rule {
        name,
        check,
        mistakes,
    } in rules()
    {
        for (right, wrong) in mistakes {
            if !source.contains(right) {
                unsound.push(format!("{name}: template.yaml does not have {right:?}"));
                continue;
            }
            let template = Template::parse(&source.replacen(right, wrong, 1));
            let findings = check(&template);
            if findings.is_empty() {
                unsound.push(format!("{name}: missed {wrong:?} for {right:?}"));
            }
            let lost = findings.iter().filter(|found| !is_place(&template, found));
            unsound.extend(lost.map(|found| format!("{name}: says not where: {found}")));
        }
    }
    assert!(unsound.is_empty(), "{}", unsound.join("\n"));
}

/// Whether a finding names something of the template, or what is missing in it.
fn is_place(template: &Template, found: &Finding) -> bool {
    let sections = entries(template.document());
    let mut ids = sections.flat_map(|(section, entries_of)| {
        let entries = entries(entries_of).map(|(id, _)| id);
        entries.chain([section])
    });
    let first = found.at.split(' ').next().unwrap_or_default();
    let is_route = found.at.contains(" /");
    is_route || first.starts_with("AWS::") || ids.any(|id| id == first)
}

#[test]
fn all_broken_rules_are_told_at_once() {
    let source = Template::of_workspace().source();
    let broken = source
        .replacen("VisibilityTimeout: 180", "VisibilityTimeout: 149", 1)
        .replacen("BlockPublicPolicy: true", "BlockPublicPolicy: false", 1);
    let report = report(&Template::parse(&broken), &rules());
    for line in [
        "UploadEventsQueue: VisibilityTimeout is 149 s, and 6 × the 25 s of S3EventFunction are 150 s",
        "Bucket: PublicAccessBlockConfiguration/BlockPublicPolicy is false and should be true",
    ] {
        assert!(report.contains(line), "{line} is not in:\n{report}");
    }
}
