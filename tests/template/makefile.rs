//! What the Makefile has to do with the template.

use support::Template;
use support::template::read;

/// What the Makefile replaces by the release and the commit when it deploys.
#[test]
fn every_version_of_a_function_will_say_what_it_was_built_from() {
    for function in Template::of_workspace().functions() {
        let description = &function.properties()["VersionDescription"];
        assert_eq!(description, "unstamped", "{}", function.name);
    }
    let stamp = "s/VersionDescription: unstamped/VersionDescription: $(VERSION)/";
    assert!(read("Makefile").contains(stamp));
}

/// Otherwise a deployment of changed parameters, or one that is repeated, would leave the aliases where they are.
#[test]
fn whatever_is_deployed_is_new_code() {
    let makefile = read("Makefile");
    let deployments: Vec<_> = makefile
        .split("\n\n")
        .filter(|rule| rule.contains("$(SAM) deploy"))
        .collect();
    assert_eq!(deployments.len(), 2, "deploy and deploy-package");
    for rule in deployments {
        let stamped = rule.find("$(STAMP)").expect("the code is stamped");
        let built = rule.find("$(SAM) build").or(rule.find("tar -xzf"));
        assert!(built.expect("there is code") < stamped, "{rule}");
        assert!(
            stamped < rule.find("$(SAM) deploy").expect("deployed"),
            "{rule}"
        );
    }
}
