//! Where sound files are kept, as the settings say.

use std::path::PathBuf;

use secrecy::SecretString;
use url::Url;

/// The place of all sound files.
#[derive(Debug, Clone)]
pub enum MediaPlace {
    /// A folder of this machine; made when it is missing.
    Folder(PathBuf),
    /// A bucket of a store that speaks S3.
    S3(S3Place),
}

/// A bucket, and how it is reached.
#[derive(Debug, Clone)]
pub struct S3Place {
    /// The bucket.
    pub bucket: String,
    /// What the names of our objects begin with, without slashes at either end; may be empty.
    pub prefix: String,
    /// The region that requests are signed for.
    pub region: String,
    /// The store's address; Amazon's own when absent.
    pub endpoint: Option<Url>,
    /// Who we are to it.
    pub access_key_id: String,
    /// How we prove it.
    pub secret_access_key: SecretString,
}

impl MediaPlace {
    /// Where it is, for people; without secrets.
    pub fn describe(&self) -> String {
        match self {
            Self::Folder(folder) => format!("folder {}", folder.display()),
            Self::S3(place) => format!("bucket {}", place.bucket),
        }
    }
}
