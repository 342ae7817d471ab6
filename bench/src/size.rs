//! How much is measured: enough for steady medians, or just enough to show that the measurement works.

/// Numbers of everything.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    /// Whether the figures mean nothing.
    pub quick: bool,
    /// Rounds whose median counts; systems take turns within each.
    pub rounds: usize,
    /// Calls with four webhooks each, over 1, 32 and 128 connections.
    pub webhook_calls: [(usize, usize); 3],
    /// Calls placed through the API, over 1 and 32 connections.
    pub placed_calls: [(usize, usize); 2],
    /// Calls in the small and in the big database.
    pub calls: [u64; 2],
    /// Requests per round for each kind of reading.
    pub reads: usize,
    /// Prospects waiting while the dialer works.
    pub waiting: u64,
    /// Turns of the dialer per round.
    pub dialer_turns: usize,
    /// Rows of the imported file.
    pub imported: usize,
    /// Live pages that are open at the same time.
    pub open_pages: usize,
}

impl Size {
    /// Less than ten minutes in all.
    pub const FULL: Self = Self {
        quick: false,
        rounds: 3,
        webhook_calls: [(1, 500), (32, 4_000), (128, 5_000)],
        placed_calls: [(1, 500), (32, 4_000)],
        calls: [10_000, 1_000_000],
        reads: 300,
        waiting: 1_000_000,
        dialer_turns: 40,
        imported: 200_000,
        open_pages: 1_000,
    };

    /// Less than a minute, also in a debug build.
    pub const QUICK: Self = Self {
        quick: true,
        rounds: 1,
        webhook_calls: [(1, 10), (32, 64), (128, 128)],
        placed_calls: [(1, 5), (32, 40)],
        calls: [500, 5_000],
        reads: 10,
        waiting: 2_000,
        dialer_turns: 2,
        imported: 1_000,
        open_pages: 20,
    };
}
