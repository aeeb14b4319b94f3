//! How large a Worker may be.

/// What holds the size of a wasm.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fence {
    /// The most that it may weigh after `gzip -9`.
    pub(super) gzip_bytes_max: usize,
    /// Where its size is recorded, from the checkout's root: the gzipped bytes and nothing else.
    pub(super) record: &'static str,
}

/// The platform's own limit on the free plan is 3 MB. 100 KB cost 2 ms of each cold start, and one
/// careless dependency costs as much: `url` 72 KB, `regex` 300 KB (ADR-0011).
pub(super) const WHOLE: Fence =
    Fence { gzip_bytes_max: 832 * 1024, record: "xtask/wasm-gzip-bytes.txt" };
/// A Worker for requests alone is there for speed, the first request of an isolate included.
pub(super) const EDGE: Fence =
    Fence { gzip_bytes_max: 160 * 1024, record: "xtask/wasm-gzip-bytes-edge.txt" };
