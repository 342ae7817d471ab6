//! Named points at which a test ends the process as a loss of power would. There are none in release builds.
//!
//! `PROSPECTAI_CRASH_AT` names one of them; the first time that a debug build comes to it is its end.

/// A point between two steps that a crash must not be able to tear apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CrashPoint {
    /// Calls are reserved, in a transaction that is not committed.
    BeforeReserveCommit,
    /// Calls are reserved.
    AfterReserveCommit,
    /// A call is armed, in a transaction that is not committed.
    BeforeArmCommit,
    /// A call is armed; the marker outside the database does not say so yet.
    AfterArmCommit,
    /// A call is armed and its marker written; no byte of its request has left.
    BeforeFirstByte,
    /// The carrier has the request, and its answer is on the way.
    AfterWrite,
    /// The carrier's answer is here and not written down.
    AfterReply,
    /// The carrier's answer is written down.
    AfterRecordCommit,
    /// A webhook's news is in a transaction that is not committed.
    BeforeNewsCommit,
    /// A webhook's news is kept, and the carrier has not been told so.
    AfterNewsCommit,
    /// A recording is claimed, and nothing of it was asked for.
    RecordingClaimed,
    /// Part of a recording was written.
    RecordingHalfWritten,
    /// A recording has its file, and nothing was read back.
    RecordingWritten,
    /// A recording was read back, and the row does not say so.
    RecordingReadBack,
    /// A recording is stored, and the carrier still has its copy.
    RecordingStored,
    /// The carrier has deleted its copy, and the row does not say so.
    RecordingDeletedAtCarrier,
}

impl CrashPoint {
    /// Every point of a recording's life, in its order.
    pub const OF_RECORDINGS: [Self; 6] = [
        Self::RecordingClaimed,
        Self::RecordingHalfWritten,
        Self::RecordingWritten,
        Self::RecordingReadBack,
        Self::RecordingStored,
        Self::RecordingDeletedAtCarrier,
    ];

    /// Every point of a call, in the order of its life.
    pub const ALL: [Self; 10] = [
        Self::BeforeReserveCommit,
        Self::AfterReserveCommit,
        Self::BeforeArmCommit,
        Self::AfterArmCommit,
        Self::BeforeFirstByte,
        Self::AfterWrite,
        Self::AfterReply,
        Self::AfterRecordCommit,
        Self::BeforeNewsCommit,
        Self::AfterNewsCommit,
    ];

    /// Its name in `PROSPECTAI_CRASH_AT`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BeforeReserveCommit => "before_reserve_commit",
            Self::AfterReserveCommit => "after_reserve_commit",
            Self::BeforeArmCommit => "before_arm_commit",
            Self::AfterArmCommit => "after_arm_commit",
            Self::BeforeFirstByte => "before_first_byte",
            Self::AfterWrite => "after_write",
            Self::AfterReply => "after_reply",
            Self::AfterRecordCommit => "after_record_commit",
            Self::BeforeNewsCommit => "before_news_commit",
            Self::AfterNewsCommit => "after_news_commit",
            Self::RecordingClaimed => "recording_claimed",
            Self::RecordingHalfWritten => "recording_half_written",
            Self::RecordingWritten => "recording_written",
            Self::RecordingReadBack => "recording_read_back",
            Self::RecordingStored => "recording_stored",
            Self::RecordingDeletedAtCarrier => "recording_deleted_at_carrier",
        }
    }
}

/// Ends the process where a test asked for it.
#[inline]
pub fn reached(point: CrashPoint) {
    #[cfg(debug_assertions)]
    if asked_for::is(point) {
        // No destructor runs, nothing is flushed, nobody is told.
        std::process::abort();
    }
    let _ = point;
}

/// Ends the process where a test asked for it, if there is something to lose.
#[inline]
pub fn reached_when(point: CrashPoint, holds: bool) {
    if holds {
        reached(point);
    }
}

/// Does `work`; where a test asked for it, the process ends in the middle of it.
pub async fn within<T>(point: CrashPoint, work: impl Future<Output = T>) -> T {
    #[cfg(debug_assertions)]
    if asked_for::is(point) {
        tokio::select! {
            biased;
            done = work => return done,
            () = tokio::time::sleep(asked_for::MIDDLE) => std::process::abort(),
        }
    }
    let _ = point;
    work.await
}

#[cfg(debug_assertions)]
mod asked_for {
    use std::sync::LazyLock;
    use std::time::Duration;

    use super::CrashPoint;

    /// A request on one machine has been written by then, and a test lets its answer wait for longer.
    pub const MIDDLE: Duration = Duration::from_secs(1);

    static POINT: LazyLock<Option<String>> = LazyLock::new(|| std::env::var("PROSPECTAI_CRASH_AT").ok());

    pub fn is(point: CrashPoint) -> bool {
        POINT.as_deref() == Some(point.as_str())
    }
}
