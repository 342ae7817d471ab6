//! The store of sound files: written durably, read back, given in parts, deleted.

use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::BoxStream;
use futures_util::{StreamExt as _, TryStreamExt as _};
use object_store::aws::AmazonS3Builder;
use object_store::buffered::BufWriter;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{ClientOptions, GetOptions, GetRange, ObjectStore, ObjectStoreExt as _, RetryConfig};
use secrecy::ExposeSecret as _;
use sha2::{Digest as _, Sha256};
use tokio::io::AsyncWriteExt as _;

use super::place::{MediaPlace, S3Place};

/// A file goes to the store in parts of this size; S3 takes none that is smaller, the last one excepted.
const PART: usize = 5 * 1024 * 1024;
/// A store that says nothing for this long is away.
const STORE_TIMEOUT: Duration = Duration::from_secs(60);

/// Why a file could not be written, read or deleted.
#[derive(Debug, Clone, thiserror::Error)]
pub enum MediaError {
    /// There is no room. Nothing is lost: what is not stored is fetched again.
    #[error("the disk of the sound files is full; make room, and recordings are fetched by themselves")]
    Full,
    /// There is no such file.
    #[error("the sound file is not in the store: it was deleted there, or another store is set up now")]
    NotThere,
    /// What was read back is not what was written.
    #[error("the store of the sound files gave back something else than was written to it")]
    Changed,
    /// The store is not reachable, or refuses us.
    #[error("the store of the sound files does not work: {why}")]
    Away {
        /// What was seen, for logs and administrators.
        why: String,
    },
}

/// A name in the store. Made by us and never from what comes from outside.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectName(String);

impl ObjectName {
    /// The name that was written down.
    pub fn stored(name: String) -> Self {
        Self(name)
    }

    /// The name, as it is written down.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What lies in the store, as it was read back from there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Its size.
    pub bytes: u64,
    /// SHA-256 of the whole.
    pub sha256: [u8; 32],
}

/// Part of a file as it comes.
pub type Piece = Result<Bytes, MediaError>;
/// A file as it comes.
pub type Pieces = BoxStream<'static, Piece>;

/// The store; cheap to clone.
#[derive(Clone, Debug)]
pub struct MediaStore {
    objects: Arc<dyn ObjectStore>,
    prefix: String,
    /// Where that is a folder of this machine.
    folder: Option<PathBuf>,
}

impl MediaStore {
    /// Opens the place; makes the folder when it is missing. Connects to nothing.
    pub fn open(place: &MediaPlace) -> Result<Self, MediaError> {
        Ok(match place {
            MediaPlace::Folder(folder) => {
                std::fs::create_dir_all(folder).map_err(|error| of_io(&error))?;
                let files = LocalFileSystem::new_with_prefix(folder).map_err(MediaError::from)?;
                // Without it a loss of power could take a file that was said to be kept.
                let folder = Some(folder.clone());
                Self { objects: Arc::new(files.with_fsync(true)), prefix: String::new(), folder }
            }
            MediaPlace::S3(place) => {
                Self { objects: Arc::new(bucket(place)?), prefix: place.prefix.clone(), folder: None }
            }
        })
    }

    /// Begins to write a file. Under its name there is nothing until [`Writing::finish`].
    pub fn write(&self, name: &ObjectName) -> Writing {
        let writer = BufWriter::with_capacity(self.objects.clone(), self.path(name), PART);
        let writer = writer.with_max_concurrency(1);
        Writing { writer, hash: Sha256::new(), bytes: 0 }
    }

    /// Writes a whole small file and reads it back. When this fails, nothing of it stays that [`Self::clear`] does not take
    /// away.
    pub async fn keep(&self, name: &ObjectName, whole: Bytes) -> Result<Stored, MediaError> {
        let mut writing = self.write(name);
        if let Err(error) = writing.add(whole).await {
            writing.abort().await;
            return Err(error);
        }
        let written = writing.finish().await?;
        if self.read_back(name).await? == written { Ok(written) } else { Err(MediaError::Changed) }
    }

    /// Reads a whole file and says what it is.
    pub async fn read_back(&self, name: &ObjectName) -> Result<Stored, MediaError> {
        let mut pieces = self.read(name, None).await?;
        let (mut hash, mut bytes) = (Sha256::new(), 0);
        while let Some(piece) = pieces.try_next().await? {
            hash.update(&piece);
            bytes += piece.len() as u64;
        }
        Ok(Stored { bytes, sha256: hash.finalize().into() })
    }

    /// Reads a file, or these bytes of it.
    pub async fn read(&self, name: &ObjectName, range: Option<Range<u64>>) -> Result<Pieces, MediaError> {
        let options = GetOptions { range: range.map(GetRange::Bounded), ..GetOptions::default() };
        let found = self.objects.get_opts(&self.path(name), options).await?;
        Ok(found.into_stream().map_err(MediaError::from).boxed())
    }

    /// The size of a file.
    pub async fn size(&self, name: &ObjectName) -> Result<u64, MediaError> {
        Ok(self.objects.head(&self.path(name)).await?.size)
    }

    /// Deletes a file; one that is not there is as good as deleted.
    pub async fn delete(&self, name: &ObjectName) -> Result<(), MediaError> {
        match self.objects.delete(&self.path(name)).await.map_err(MediaError::from) {
            Ok(()) | Err(MediaError::NotThere) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Deletes what somebody may have left behind who ended while writing: the file, and what has no name yet. In a bucket the
    /// latter is for its own rules to clear away (docs/recordings.md).
    pub async fn clear(&self, name: &ObjectName) -> Result<(), MediaError> {
        self.delete(name).await?;
        let Some(folder) = &self.folder else { return Ok(()) };
        // object_store's name for the first attempt to write a file; no other is made under one name.
        match tokio::fs::remove_file(folder.join(format!("{}#1", name.0))).await {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(of_io(&error)),
        }
    }

    /// Every file below a folder, in no order.
    pub async fn names(&self, folder: &str) -> Result<Vec<ObjectName>, MediaError> {
        let below = self.path(&ObjectName(folder.to_owned()));
        let found: Vec<_> = self.objects.list(Some(&below)).try_collect().await?;
        let strip = |location: Path| {
            let whole = location.as_ref().to_owned();
            let name = whole.strip_prefix(&self.prefix).unwrap_or(&whole);
            ObjectName(name.trim_start_matches('/').to_owned())
        };
        Ok(found.into_iter().map(|object| strip(object.location)).collect())
    }

    fn path(&self, name: &ObjectName) -> Path {
        Path::from(format!("{}/{}", self.prefix, name.0))
    }
}

/// A file that is being written.
pub struct Writing {
    writer: BufWriter,
    hash: Sha256,
    bytes: u64,
}

impl Writing {
    /// Adds what comes next.
    pub async fn add(&mut self, piece: Bytes) -> Result<(), MediaError> {
        self.hash.update(&piece);
        self.bytes += piece.len() as u64;
        Ok(self.writer.put(piece).await?)
    }

    /// So many bytes were added.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Makes the file appear under its name, whole and durable.
    pub async fn finish(mut self) -> Result<Stored, MediaError> {
        if let Err(error) = self.writer.shutdown().await {
            return Err(of_io(&error));
        }
        Ok(Stored { bytes: self.bytes, sha256: self.hash.finalize().into() })
    }

    /// Forgets what was written.
    pub async fn abort(mut self) {
        // What stays behind then has no name, and takes room until it is cleared away.
        let _ = self.writer.abort().await;
    }
}

fn bucket(place: &S3Place) -> Result<impl ObjectStore, MediaError> {
    // Fails when a provider is already installed, which is just as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let plain_http = place.endpoint.as_ref().is_some_and(|endpoint| endpoint.scheme() == "http");
    let options = ClientOptions::new().with_timeout(STORE_TIMEOUT).with_allow_http(plain_http);
    // Without https no root certificates are needed, and a machine may have none.
    let options = if plain_http { options.with_no_system_certificates(true) } else { options };
    let retries = RetryConfig { max_retries: 3, retry_timeout: STORE_TIMEOUT, ..RetryConfig::default() };
    let mut builder = AmazonS3Builder::new()
        .with_bucket_name(&place.bucket)
        .with_region(&place.region)
        .with_access_key_id(&place.access_key_id)
        .with_secret_access_key(place.secret_access_key.expose_secret())
        .with_client_options(options)
        .with_retry(retries)
        // Not every store knows the other way, which would save nothing here.
        .with_disable_bulk_delete(true);
    if let Some(endpoint) = &place.endpoint {
        builder = builder.with_endpoint(endpoint.as_str().trim_end_matches('/'));
    }
    builder.build().map_err(MediaError::from)
}

impl From<object_store::Error> for MediaError {
    fn from(error: object_store::Error) -> Self {
        if matches!(error, object_store::Error::NotFound { .. }) {
            return Self::NotThere;
        }
        if is_full(&error) { Self::Full } else { Self::Away { why: in_words(&error) } }
    }
}

fn of_io(error: &std::io::Error) -> MediaError {
    if is_full(error) { MediaError::Full } else { MediaError::Away { why: in_words(error) } }
}

/// The causes of an error, itself the first.
fn causes<'e>(
    error: &'e (dyn std::error::Error + 'static),
) -> impl Iterator<Item = &'e (dyn std::error::Error + 'static)> {
    std::iter::successors(Some(error), |error| error.source())
}

fn is_full(error: &(dyn std::error::Error + 'static)) -> bool {
    use std::io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
    causes(error).any(|cause| {
        let kind = cause.downcast_ref::<std::io::Error>().map(std::io::Error::kind);
        matches!(kind, Some(StorageFull | QuotaExceeded | FileTooLarge))
    })
}

/// The innermost cause alone: those around it quote whole addresses and paths.
fn in_words(error: &(dyn std::error::Error + 'static)) -> String {
    let innermost = causes(error).last().map(ToString::to_string).unwrap_or_default();
    innermost.chars().take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> ObjectName {
        ObjectName(text.to_owned())
    }

    async fn written(store: &MediaStore, at: &ObjectName, pieces: &[&'static [u8]]) -> Stored {
        let mut writing = store.write(at);
        for piece in pieces {
            writing.add(Bytes::from_static(piece)).await.expect("written");
        }
        writing.finish().await.expect("kept")
    }

    fn store() -> (tempfile::TempDir, MediaStore) {
        let folder = tempfile::tempdir().expect("a folder");
        let store = MediaStore::open(&MediaPlace::Folder(folder.path().join("media"))).expect("open");
        (folder, store)
    }

    #[tokio::test]
    async fn what_was_written_is_read_whole_in_parts_and_is_gone_when_deleted() {
        let (_folder, store) = store();
        let at = name("recordings/one.wav");
        let kept = written(&store, &at, &[b"hello ", b"world"]).await;
        assert_eq!(kept, store.read_back(&at).await.expect("read"));
        assert_eq!((kept.bytes, store.size(&at).await.expect("size")), (11, 11));
        let part: Vec<Bytes> =
            store.read(&at, Some(6..11)).await.expect("read").try_collect().await.expect("pieces");
        assert_eq!(part.concat(), b"world");
        assert_eq!(store.names("recordings").await.expect("names"), std::slice::from_ref(&at));
        store.delete(&at).await.expect("deleted");
        store.delete(&at).await.expect("deleted twice is deleted");
        assert!(matches!(store.read(&at, None).await.err(), Some(MediaError::NotThere)));
        let kept = store.keep(&at, Bytes::from_static(b"hello")).await.expect("kept");
        assert_eq!(kept, store.read_back(&at).await.expect("read"));
    }

    #[tokio::test]
    async fn nothing_has_the_name_before_the_end_and_nothing_is_left_after_a_stop() {
        let (folder, store) = store();
        let at = name("recordings/large.wav");
        let mut writing = store.write(&at);
        // More than one part: it lies on the disk already.
        writing.add(Bytes::from(vec![7; PART + 1])).await.expect("written");
        assert!(matches!(store.size(&at).await, Err(MediaError::NotThere)));
        writing.abort().await;
        let left = store.names("recordings").await.expect("names");
        assert!(left.is_empty(), "{left:?}");
        let files = || std::fs::read_dir(folder.path().join("media/recordings")).map_or(0, Iterator::count);
        assert_eq!(files(), 0);

        let mut writing = store.write(&at);
        writing.add(Bytes::from(vec![7; 2 * PART])).await.expect("written");
        assert_eq!(files(), 1, "half a file");
        // As the end of the process leaves it: nothing is cleared away.
        std::mem::forget(writing);
        store.clear(&at).await.expect("cleared");
        assert_eq!(files(), 0);
        store.clear(&at).await.expect("nothing is there");
    }
}
