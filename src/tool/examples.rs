//! Examples of each command, which its help ends with. A test reads each of them as a command line.

/// The path of a command, empty for the program itself, and its examples.
pub(super) const EXAMPLES: &[(&str, &[&str])] = &[
    (
        "",
        &[
            "pointsman init",
            "pointsman check pointsman.toml",
            "pointsman explain pointsman.toml --host api.example.com --country DE",
            "pointsman push pointsman.toml --reason \"OPS-31\"",
            "pointsman status",
        ],
    ),
    (
        "init",
        &[
            "pointsman init",
            "pointsman init --host api.example.com \\\n    \
             --origin eu-west:IE:https://eu1.example.com \\\n    \
             --origin us-east:US:https://us1.example.com \\\n    \
             --clients @eea --allow @eea --basis \"GDPR ch. V\"",
        ],
    ),
    (
        "check",
        &["pointsman check pointsman.toml", "pointsman check --deny-warnings --verbose *.toml"],
    ),
    (
        "canonical",
        &[
            "pointsman canonical pointsman.toml --out config.json",
            "pointsman canonical pointsman.toml | jq .services",
        ],
    ),
    ("schema", &["pointsman schema > pointsman.schema.json"]),
    (
        "explain",
        &[
            "pointsman explain pointsman.toml --country DE --path /orders",
            "pointsman explain pointsman.toml --host api.example.com --down eu-west,us-east",
            "pointsman explain pointsman.toml --batch cases.jsonl",
            "pointsman explain --live --host api.example.com --country BR",
        ],
    ),
    (
        "whatif",
        &[
            "pointsman whatif pointsman.toml --down eu-west",
            "pointsman whatif pointsman.toml --down eu-west,us-east --json",
        ],
    ),
    (
        "plan",
        &[
            "pointsman plan pointsman.toml",
            "pointsman plan pointsman.toml --down eu-west --state state.json",
        ],
    ),
    ("simulate", &["pointsman simulate pointsman.toml region-outage.toml"]),
    ("token new", &["pointsman token new --id on-call --role operator"]),
    (
        "push",
        &[
            "pointsman push pointsman.toml --dry-run",
            "pointsman push pointsman.toml --reason \"OPS-31: a third region\"",
        ],
    ),
    ("config push", &["pointsman config push pointsman.toml --reason \"OPS-31\" --yes"]),
    ("config history", &["pointsman config history"]),
    ("config show", &["pointsman config show", "pointsman config show 3 > earlier.json"]),
    ("config rollback", &["pointsman config rollback 3 --reason \"OPS-31 was wrong\""]),
    (
        "audit verify",
        &["pointsman audit verify", "pointsman audit verify audit-1.json audit-2.json"],
    ),
    ("audit show", &["pointsman audit show --from 100"]),
    ("secret new", &["pointsman secret new | tee /dev/tty | npx wrangler secret put HOOK_KEY"]),
    ("alert test", &["pointsman alert test --dry-run", "pointsman alert test on-call"]),
    (
        "completions",
        &[
            "pointsman completions bash > ~/.local/share/bash-completion/completions/pointsman",
            "pointsman completions zsh > ~/.zfunc/_pointsman",
            "pointsman completions fish > ~/.config/fish/completions/pointsman.fish",
        ],
    ),
    (
        "man",
        &[
            "pointsman man | man -l -",
            "pointsman man config push | man -l -",
            "pointsman man --out ~/.local/share/man/man1",
        ],
    ),
    ("status", &["pointsman status", "pointsman status --json | jq .regions"]),
    ("incidents", &["pointsman incidents", "pointsman incidents 2026-11-29t1654-eu-west-1"]),
    ("drills", &["pointsman drills", "pointsman drills api-3"]),
    ("orders", &["pointsman orders"]),
    ("contracts", &["pointsman contracts"]),
    ("drain", &["pointsman drain eu-west --for 2h --reason \"new disks\""]),
    ("undrain", &["pointsman undrain eu-west --reason \"the disks are in\""]),
    (
        "override",
        &[
            "pointsman override --origin eu-west-1 down --for 30m --reason \"OPS-12\"",
            "pointsman override --region eu-west up --reason \"the probe is wrong, OPS-13\"",
        ],
    ),
    ("declare outage", &["pointsman declare outage eu-west --reason \"the provider says so\""]),
    ("declare corruption", &["pointsman declare corruption --service api --reason \"OPS-14\""]),
    ("lift", &["pointsman lift 7 --reason \"the disks are in\""]),
    ("halt", &["pointsman halt --reason \"what is going on?\" --yes"]),
    ("resume", &["pointsman resume --reason \"it was the monitor\""]),
    ("switch", &["pointsman switch api --to us-east --reason \"OPS-12\""]),
    ("maintenance", &["pointsman maintenance --region eu-west --for 1h --reason \"OPS-15\""]),
    ("ack", &["pointsman ack 2026-11-29t1654-eu-west-1 --reason \"on it\""]),
    ("take-back", &["pointsman take-back api.example.com CNAME --reason \"OPS-16\""]),
    ("compare", &["pointsman compare --reason \"after the change of the zone\""]),
    ("approve", &["pointsman approve orders --reason \"the loss is accepted, OPS-17\""]),
    ("abort", &["pointsman abort orders --reason \"the primary is back\""]),
    ("failback", &["pointsman failback api eu-west --reason \"watched for a day\""]),
    ("confirm", &["pointsman confirm orders eu-west --reason \"caught up, checked by checksum\""]),
    (
        "drill",
        &[
            "pointsman drill api decision --region eu-west --reason \"the first one\"",
            "pointsman drill api canary --region eu-west --reason \"quarterly\"",
        ],
    ),
];
