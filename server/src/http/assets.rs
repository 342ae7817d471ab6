//! What pages are dressed in: the style sheet, the live script and the icon, embedded, each under a name that changes with
//! its content, so that browsers keep it for good.

use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::header;
use axum::response::{IntoResponse, Response};

use sha2::{Digest as _, Sha256};

use super::problem::Problem;

/// A file that pages refer to.
pub struct Asset {
    /// Its address.
    pub path: String,
    media_type: &'static str,
    content: &'static str,
}

/// The style sheet.
pub static STYLE: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new("app", "css", "text/css; charset=utf-8", include_str!("../../assets/app.css"))
});
/// The script that keeps open pages true.
pub static SCRIPT: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new("live", "js", "text/javascript; charset=utf-8", include_str!("../../assets/live.js"))
});
/// The icon.
pub static ICON: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("icon", "svg", "image/svg+xml", include_str!("../../assets/icon.svg")));

impl Asset {
    fn new(name: &str, ending: &str, media_type: &'static str, content: &'static str) -> Self {
        let hash: String = Sha256::digest(content)[..6].iter().map(|byte| format!("{byte:02x}")).collect();
        Self { path: format!("/assets/{name}.{hash}.{ending}"), media_type, content }
    }
}

/// Gives an asset. A name of another version is not there: its page is loaded anew with the new names.
pub async fn read(Path(name): Path<String>) -> Response {
    let known = [&*STYLE, &*SCRIPT, &*ICON];
    let Some(asset) = known.into_iter().find(|asset| asset.path.strip_prefix("/assets/") == Some(&name))
    else {
        return Problem::not_found("file").into_response();
    };
    let headers = [
        (header::CONTENT_TYPE, asset.media_type),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
    ];
    (headers, asset.content).into_response()
}

/// The icon where browsers look for one by themselves.
pub async fn icon() -> Response {
    let headers = [(header::CONTENT_TYPE, ICON.media_type), (header::CACHE_CONTROL, "public, max-age=86400")];
    (headers, ICON.content).into_response()
}
