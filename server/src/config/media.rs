//! Where sound files are kept, from settings to a place.

use std::net::IpAddr;
use std::path::PathBuf;

use secrecy::SecretString;
use serde::Deserialize;
use url::{Host, Url};

use super::ConfigRefused;
use crate::media::{MediaPlace, S3Place};

/// As it is written down.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    folder: Option<PathBuf>,
    s3_bucket: Option<String>,
    s3_prefix: String,
    s3_region: String,
    s3_endpoint: Option<String>,
    s3_access_key_id: Option<String>,
    s3_secret_access_key: Option<SecretString>,
}

impl Written {
    /// The place; `None` for the usual folder.
    pub(super) fn place(self) -> Result<Option<MediaPlace>, ConfigRefused> {
        let refused = |why: &str| Err(ConfigRefused::new(why));
        let Some(bucket) = self.s3_bucket else { return Ok(self.folder.map(MediaPlace::Folder)) };
        if self.folder.is_some() {
            return refused("MEDIA_FOLDER and MEDIA_S3_BUCKET are two places; set one of them");
        }
        if !is_plain(&bucket, "-.") || bucket.is_empty() {
            return refused("MEDIA_S3_BUCKET is not the name of a bucket: letters, digits, - and . only");
        }
        let prefix = self.s3_prefix.trim_matches('/').to_owned();
        if !is_plain(&prefix, "-._/") || prefix.contains("..") {
            return refused("MEDIA_S3_PREFIX may have letters, digits, -, ., _ and / only");
        }
        let (Some(access_key_id), Some(secret_access_key)) =
            (self.s3_access_key_id, self.s3_secret_access_key)
        else {
            return refused(
                "MEDIA_S3_BUCKET needs MEDIA_S3_ACCESS_KEY_ID and MEDIA_S3_SECRET_ACCESS_KEY; one of them is missing",
            );
        };
        let endpoint = self.s3_endpoint.as_deref().map(endpoint).transpose()?;
        let region = self.s3_region;
        Ok(Some(MediaPlace::S3(S3Place {
            bucket,
            prefix,
            region,
            endpoint,
            access_key_id,
            secret_access_key,
        })))
    }
}

fn is_plain(text: &str, besides: &str) -> bool {
    text.chars().all(|character| character.is_ascii_alphanumeric() || besides.contains(character))
}

/// https, or http within a network of one's own: recordings are not sent in the open over the internet.
fn endpoint(text: &str) -> Result<Url, ConfigRefused> {
    let refused = || {
        ConfigRefused::new(
            "MEDIA_S3_ENDPOINT must be an https address without user and query, such as https://s3.example.com; http \
             only with an address of this machine or of a private network",
        )
    };
    let url = Url::parse(text).map_err(|_| refused())?;
    let bare = url.username().is_empty() && url.password().is_none() && url.query().is_none();
    let near = match url.host() {
        Some(Host::Ipv4(address)) => is_near(address.into()),
        Some(Host::Ipv6(address)) => is_near(address.into()),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    };
    let sealed = url.scheme() == "https" || url.scheme() == "http" && near;
    if bare && sealed && url.has_host() { Ok(url) } else { Err(refused()) }
}

fn is_near(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_loopback() || address.is_private(),
        IpAddr::V6(address) => address.is_loopback() || address.is_unique_local(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(bucket: Option<&str>, endpoint: Option<&str>) -> Written {
        Written {
            folder: None,
            s3_bucket: bucket.map(str::to_owned),
            s3_prefix: "/prospectai/".to_owned(),
            s3_region: "us-east-1".to_owned(),
            s3_endpoint: endpoint.map(str::to_owned),
            s3_access_key_id: Some("key".to_owned()),
            s3_secret_access_key: Some("the secret".into()),
        }
    }

    #[test]
    fn a_folder_a_bucket_or_neither_but_not_both_and_no_half() {
        assert!(written(None, None).place().expect("the usual folder").is_none());
        let place = written(Some("calls"), Some("https://s3.example.com")).place().expect("a bucket");
        assert!(!format!("{place:?}").contains("the secret"));
        assert!(matches!(place, Some(MediaPlace::S3(place)) if place.prefix == "prospectai"));
        let both = Written { folder: Some("a".into()), ..written(Some("calls"), None) };
        assert!(both.place().is_err_and(|error| error.to_string().contains("MEDIA_FOLDER")));
        let half = Written { s3_secret_access_key: None, ..written(Some("calls"), None) };
        assert!(half.place().is_err_and(|error| error.to_string().contains("MEDIA_S3_SECRET_ACCESS_KEY")));
        assert!(written(Some("../calls"), None).place().is_err());
    }

    #[test]
    fn recordings_do_not_travel_in_the_open() {
        let endpoint = |text| written(Some("calls"), Some(text)).place();
        for good in
            ["https://s3.example.com", "http://127.0.0.1:9000", "http://10.1.2.3:9000", "http://localhost:1"]
        {
            assert!(endpoint(good).is_ok(), "{good}");
        }
        for bad in [
            "http://s3.example.com",
            "ftp://a.example",
            "https://user:pw@a.example",
            "https://a.example/?x=1",
            "s3",
        ] {
            assert!(
                endpoint(bad).is_err_and(|error| error.to_string().contains("MEDIA_S3_ENDPOINT")),
                "{bad}"
            );
        }
    }
}
