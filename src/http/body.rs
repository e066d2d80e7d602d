//! Reading a request's body, with a limit in bytes and in time.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;
use hyper::body::{Body, SizeHint};

/// A body that is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadBody {
    /// It is over the limit.
    TooLarge,
    /// It took too long to arrive.
    TooSlow,
    /// It broke off, or its framing is broken.
    Broken,
}

/// The whole body. A declared length over the limit is refused before a byte is read, so that
/// a client that asked with `Expect: 100-continue` never sends it. Trailers are dropped.
///
/// # Errors
/// [`BadBody::TooLarge`] whatever the framing, [`BadBody::TooSlow`] when it takes longer
/// than `timeout`, [`BadBody::Broken`] when its framing is broken or it breaks off.
pub async fn read_body<B>(body: B, limit: usize, timeout: Duration) -> Result<Bytes, BadBody>
where
    B: Body<Data = Bytes> + Unpin,
{
    let limit_bytes = u64::try_from(limit).unwrap_or(u64::MAX);
    let hint: SizeHint = body.size_hint();
    if hint.lower() > limit_bytes {
        return Err(BadBody::TooLarge);
    }
    match tokio::time::timeout(timeout, collect(body, limit)).await {
        Ok(read) => read,
        Err(_elapsed) => Err(BadBody::TooSlow),
    }
}

async fn collect<B>(mut body: B, limit: usize) -> Result<Bytes, BadBody>
where
    B: Body<Data = Bytes> + Unpin,
{
    let mut whole = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| BadBody::Broken)?.into_data() else { continue };
        if whole.len().saturating_add(data.len()) > limit {
            return Err(BadBody::TooLarge);
        }
        whole.extend_from_slice(&data);
    }
    Ok(whole.freeze())
}

#[cfg(test)]
mod tests {
    use http_body_util::{Empty, Full};

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test]
    async fn a_body_of_exactly_the_limit_is_read_and_one_byte_more_is_not() {
        let body = |length: usize| Full::new(Bytes::from(vec![b'x'; length]));
        assert_eq!(read_body(body(16), 16, SECOND).await.unwrap().len(), 16);
        assert_eq!(read_body(body(17), 16, SECOND).await, Err(BadBody::TooLarge));
        assert_eq!(read_body(Empty::new(), 0, SECOND).await.unwrap(), Bytes::new());
    }
}
