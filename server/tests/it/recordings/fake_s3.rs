//! A store that speaks as much of S3 as is needed: objects, parts of uploads, ranges, lists.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

type Parts = BTreeMap<u32, Bytes>;

#[derive(Default)]
struct Kept {
    objects: BTreeMap<String, Bytes>,
    uploads: HashMap<String, Parts>,
    /// Requests without a signature of ours.
    unsigned: usize,
    multipart: usize,
}

pub struct FakeS3 {
    pub address: String,
    kept: Arc<Mutex<Kept>>,
    task: JoinHandle<()>,
}

impl FakeS3 {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a loopback port");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        let kept: Arc<Mutex<Kept>> = Arc::default();
        let router =
            Router::new().fallback(answer).layer(DefaultBodyLimit::disable()).with_state(kept.clone());
        let task = tokio::spawn(async move { axum::serve(listener, router).await.expect("it serves") });
        Self { address, kept, task }
    }

    /// Every object, by its path with the bucket.
    pub fn objects(&self) -> BTreeMap<String, Bytes> {
        self.kept.lock().expect("no panic meanwhile").objects.clone()
    }

    /// Requests that were not signed, and uploads that came in parts.
    pub fn counts(&self) -> (usize, usize) {
        let kept = self.kept.lock().expect("no panic meanwhile");
        (kept.unsigned, kept.multipart)
    }
}

impl Drop for FakeS3 {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn answer(
    State(kept): State<Arc<Mutex<Kept>>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let mut kept = kept.lock().expect("no panic meanwhile");
    let signed = headers.get(header::AUTHORIZATION).and_then(|line| line.to_str().ok()).unwrap_or_default();
    kept.unsigned += usize::from(!signed.starts_with("AWS4-HMAC-SHA256 Credential=the-key/"));
    let query: HashMap<String, String> =
        form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()).into_owned().collect();
    let path = uri.path().to_owned();
    let tag = [(header::ETAG, "\"tag\"")];
    match method {
        Method::GET if query.contains_key("list-type") => list(&kept, &path, &query).into_response(),
        Method::GET | Method::HEAD => match kept.objects.get(&path) {
            Some(object) => give(object, &headers),
            None => StatusCode::NOT_FOUND.into_response(),
        },
        Method::DELETE => {
            kept.objects.remove(&path);
            StatusCode::NO_CONTENT.into_response()
        }
        Method::PUT => {
            let part = query.get("partNumber").and_then(|number| number.parse().ok());
            match (query.get("uploadId"), part) {
                (Some(upload), Some(part)) => {
                    drop(kept.uploads.entry(upload.clone()).or_default().insert(part, body))
                }
                _ => drop(kept.objects.insert(path, body)),
            }
            tag.into_response()
        }
        Method::POST => {
            match query.get("uploadId") {
                None => {
                    kept.multipart += 1;
                    let id = kept.multipart;
                    format!("<InitiateMultipartUploadResult><UploadId>{id}</UploadId></InitiateMultipartUploadResult>")
                    .into_response()
                }
                Some(upload) => {
                    let parts = kept.uploads.remove(upload).unwrap_or_default();
                    let whole = parts.into_values().collect::<Vec<_>>().concat();
                    kept.objects.insert(path, whole.into());
                    "<CompleteMultipartUploadResult><ETag>\"tag\"</ETag></CompleteMultipartUploadResult>"
                        .into_response()
                }
            }
        }
        _ => StatusCode::METHOD_NOT_ALLOWED.into_response(),
    }
}

fn give(object: &Bytes, headers: &HeaderMap) -> Response {
    let size = object.len();
    let range = headers.get(header::RANGE).and_then(|range| range.to_str().ok()?.strip_prefix("bytes="));
    let range = range.and_then(|range| range.split_once('-'));
    let range = range.and_then(|(first, last)| Some((first.parse().ok()?, last.parse::<usize>().ok()?)));
    let common = [(header::ETAG, "\"tag\""), (header::LAST_MODIFIED, "Mon, 11 Jan 2027 15:00:00 GMT")];
    match range {
        Some((first, last)) => {
            let last = last.min(size - 1);
            let line = [(header::CONTENT_RANGE, format!("bytes {first}-{last}/{size}"))];
            (StatusCode::PARTIAL_CONTENT, common, line, object.slice(first..=last)).into_response()
        }
        None => (common, object.clone()).into_response(),
    }
}

fn list(kept: &Kept, bucket: &str, query: &HashMap<String, String>) -> String {
    let prefix = query.get("prefix").cloned().unwrap_or_default();
    let bucket = format!("{}/", bucket.trim_end_matches('/'));
    let keys = kept.objects.iter().filter_map(|(path, object)| Some((path.strip_prefix(&bucket)?, object)));
    let keys = keys.filter(|(key, _)| key.starts_with(&prefix)).map(|(key, object)| {
        format!(
            "<Contents><Key>{key}</Key><Size>{}</Size><LastModified>2027-01-11T15:00:00.000Z</LastModified>\
             <ETag>\"tag\"</ETag></Contents>",
            object.len()
        )
    });
    format!("<ListBucketResult>{}</ListBucketResult>", keys.collect::<String>())
}
