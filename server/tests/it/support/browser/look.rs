//! How a browser shows pages: its width, light or dark, with or without scripts; and how usable they are then.

use serde_json::{Value, json};
use tokio::sync::OnceCell;

use super::Browser;

/// Which colours somebody's system asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    Light,
    Dark,
}

/// Which of axe's rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rules {
    /// All that it has.
    All,
    /// Those that another scheme can break.
    OfColours,
}

impl Scheme {
    pub const fn word(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }
}

impl Browser {
    /// Makes the window this wide.
    pub async fn width(&self, pixels: u32) {
        self.metrics(pixels, 900, 1).await;
    }

    /// Makes the window this large, with this many dots to a pixel.
    pub async fn metrics(&self, width: u32, height: u32, dots: u32) {
        let metrics = json!({ "width": width, "height": height, "deviceScaleFactor": dots, "mobile": false });
        self.session.devtools("Emulation.setDeviceMetricsOverride", metrics).await;
    }

    /// Asks for light or dark.
    pub async fn scheme(&self, scheme: Scheme) {
        let features = json!([
            { "name": "prefers-color-scheme", "value": scheme.word() },
            { "name": "prefers-reduced-motion", "value": "reduce" },
        ]);
        self.session.devtools("Emulation.setEmulatedMedia", json!({ "features": features })).await;
    }

    /// From now on no page runs a script of its own.
    pub async fn without_scripts(&self) {
        self.session.devtools("Emulation.setScriptExecutionDisabled", json!({ "value": true })).await;
    }

    /// What makes the page wider than the window, if it is.
    pub async fn overflow(&self) -> Option<String> {
        const FIND: &str = "
            if (document.documentElement.scrollWidth <= innerWidth) return null;
            const widest = [...document.querySelectorAll('body *')].filter(it => {
                for (let up = it.parentElement; up; up = up.parentElement)
                    if (getComputedStyle(up).overflowX !== 'visible') return false;
                return it.getBoundingClientRect().right > innerWidth;
            }).pop() ?? document.documentElement;
            return widest.outerHTML.slice(0, 200)";
        self.run(FIND, json!([])).await.as_str().map(str::to_owned)
    }

    /// What is in the window, as WebP in base 64.
    pub async fn picture(&self, quality: u32) -> String {
        let wanted = json!({ "format": "webp", "quality": quality });
        let taken = self.session.devtools("Page.captureScreenshot", wanted).await;
        taken["data"].as_str().expect("a picture").to_owned()
    }

    /// What axe finds wrong with the page as it is shown, one line for each element.
    pub async fn violations(&self, rules: Rules) -> Vec<String> {
        static AXE: OnceCell<String> = OnceCell::const_new();
        let axe = AXE.get_or_init(installed_axe).await;
        if self.read("typeof axe").await == "undefined" {
            self.run(axe, json!([])).await;
        }
        let only = match rules {
            Rules::All => Value::Null,
            Rules::OfColours => json!(["color-contrast", "link-in-text-block"]),
        };
        const RUN: &str = "
            const [only, done] = arguments;
            const wanted = only ? { runOnly: only } : {};
            axe.run(document, { ...wanted, resultTypes: ['violations'] }).then(
                found => done(found.violations.flatMap(it => it.nodes.map(node =>
                    `${it.id} (${it.help}): ${node.target.join(' ')}\\n    ${node.html.slice(0, 200)}\\n    ${
                        node.any.concat(node.all, node.none).map(check => check.message).join('; ')}`))),
                error => done([String(error)]))";
        match self.run_to_end(RUN, json!([only])).await {
            Value::Array(lines) => lines.iter().map(|line| line.as_str().unwrap_or("?").to_owned()).collect(),
            other => panic!("axe says {other}"),
        }
    }
}

async fn installed_axe() -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/sdk/axe/node_modules/axe-core/axe.min.js");
    let axe = tokio::fs::read_to_string(path).await;
    axe.unwrap_or_else(|_| panic!("axe-core is not installed. Run: scripts/test install"))
}
