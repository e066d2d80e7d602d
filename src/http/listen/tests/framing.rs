//! Where one request ends and the next begins: nobody may be of two minds about it.

use super::*;

const NEXT: &str = "GET /peer HTTP/1.1\r\nHost: a\r\n\r\n";

/// How many answers there are, by their status.
fn statuses(answers: &str) -> Vec<u16> {
    answers.match_indices("HTTP/1.1 ").filter_map(|(at, _)| status(&answers[at..])).collect()
}

/// HTTP-03. Each with a request behind it that must not be read.
#[tokio::test]
async fn what_can_be_read_in_two_ways_is_400_and_the_end_of_the_connection() {
    let server = start(LIMITS).await;
    for (what, fields) in [
        ("two lengths", "Content-Length: 4\r\nContent-Length: 5\r\n\r\ndone"),
        ("the same length twice", "Content-Length: 4\r\nContent-Length: 4\r\n\r\ndone"),
        ("a length list", "Content-Length: 4, 4\r\n\r\ndone"),
        ("a signed length", "Content-Length: +4\r\n\r\ndone"),
        ("a hexadecimal length", "Content-Length: 0x4\r\n\r\ndone"),
        ("an empty length", "Content-Length:\r\n\r\ndone"),
        (
            "a length before chunked",
            "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        ),
        (
            "a length after chunked",
            "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n",
        ),
        ("chunked is not last", "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n"),
        ("a coding before chunked", "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
        ("chunked twice", "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n"),
        ("two codings", "Transfer-Encoding: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        ("an unknown coding", "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"),
        ("a quoted coding", "Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n"),
        ("a vertical tab", "Transfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n"),
        ("space before a colon", "Content-Length : 4\r\n\r\ndone"),
        ("tab before a colon", "Transfer-Encoding\t: chunked\r\n\r\n0\r\n\r\n"),
        ("a folded field", "A: b\r\n c\r\nContent-Length: 0\r\n\r\n"),
        ("a folded framing", "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n"),
        ("space before a name", " A: b\r\n\r\n"),
        ("no colon", "Content-Length\r\n\r\n"),
        ("no name", ": 4\r\n\r\n"),
        ("NUL in a value", "A: b\0c\r\n\r\n"),
        ("NUL in a name", "A\0: b\r\n\r\n"),
        ("bare CR in a value", "A: b\rc\r\n\r\n"),
        ("bare LF after a field", "A: b\nContent-Length: 0\r\n\r\n"),
        ("bare LF at the end", "A: b\r\n\n"),
        ("bare LF everywhere", "A: b\nContent-Length: 4\n\ndone"),
        ("two hosts", "Host: b\r\n\r\n"),
    ] {
        let request = format!("POST /body HTTP/1.1\r\nHost: a\r\n{fields}{NEXT}");
        let mut client = server.connect().await;
        client.write_all(request.as_bytes()).await.unwrap();
        let answers = read_some(&mut client).await;
        // A reset can overtake the answer: there were bytes that nobody read.
        assert!(matches!(statuses(&answers)[..], [400] | []), "{what}: {answers}");
        assert!(closes_within(&mut client, millis(500)).await, "{what}");
    }
    for head in [
        "POST /body HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "GET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\nHost: a\n\n",
        "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1 \r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1, HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / x HTTP/1.1\r\nHost: a\r\n\r\n",
    ] {
        let answers = server.exchange(format!("{head}{NEXT}").as_bytes()).await;
        assert!(matches!(statuses(&answers)[..], [400] | []), "{head:?}: {answers}");
    }
    assert_eq!(server.calls.load(Ordering::SeqCst), 0, "no handler saw any of it");
}

/// HTTP-03: a chunked body ends the connection, so that whatever hyper makes of its chunks,
/// nothing behind them is a request.
#[tokio::test]
async fn nothing_is_read_behind_a_chunked_body() {
    let server = start(LIMITS).await;
    for (chunks, expected) in [
        ("4\r\ndone\r\n0\r\n\r\n", 200),
        ("4;name=value\r\ndone\r\n0\r\n\r\n", 200),
        ("4 \r\ndone\r\n0\r\n\r\n", 200),
        ("0004\r\ndone\r\n0\r\n\r\n", 200),
        ("4\r\ndone\r\n0\r\nContent-Length: 9\r\n\r\n", 200),
        ("4\ndone\n0\n\n", 400),
        ("0x4\r\ndone\r\n0\r\n\r\n", 400),
        ("-4\r\ndone\r\n0\r\n\r\n", 400),
        ("5\r\ndone\r\n0\r\n\r\n", 400),
        ("3\r\ndone\r\n0\r\n\r\n", 400),
    ] {
        let before = server.calls.load(Ordering::SeqCst);
        let request = format!(
            "POST /body HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}{NEXT}"
        );
        let mut client = server.connect().await;
        client.write_all(request.as_bytes()).await.unwrap();
        let answers = read_some(&mut client).await;
        assert!(
            matches!(statuses(&answers)[..], [one] if one == expected),
            "{chunks:?}: {answers}"
        );
        assert!(answers.contains("connection: close"), "{answers}");
        assert!(closes_within(&mut client, millis(500)).await, "{chunks:?}");
        assert_eq!(server.calls.load(Ordering::SeqCst), before + 1, "{chunks:?}");
    }
}

/// A body that is a request, and requests that come in one piece.
const PIPELINE: &str = "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n\
    POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: 16\r\n\r\nGET /x HTTP/1.1\n\
    POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\ndone\
    GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n\
    GET http://elsewhere.example/ HTTP/1.1\r\nHost: a\r\n\r\n";

/// RFC 9112, 9.3.2.
#[tokio::test]
async fn a_pipeline_is_answered_in_order_however_it_is_cut() {
    let server = start(LIMITS).await;
    for cut in (0..PIPELINE.len()).step_by(7).chain([PIPELINE.len()]) {
        let (before, after) = PIPELINE.as_bytes().split_at(cut);
        let mut client = server.connect().await;
        client.set_nodelay(true).unwrap();
        client.write_all(before).await.unwrap();
        tokio::time::sleep(millis(3)).await;
        client.write_all(after).await.unwrap();
        let mut answers = String::new();
        while answers.matches("done").count() + answers.matches("GET /x").count() < 5 {
            let mut buffer = [0; 4096];
            let read = tokio::time::timeout(millis(2_000), client.read(&mut buffer)).await;
            let read = read.unwrap_or_else(|_| panic!("cut at {cut}: {answers}")).unwrap();
            assert!(read > 0, "cut at {cut}: {answers}");
            answers.push_str(&String::from_utf8_lossy(&buffer[..read]));
        }
        let found = answers.matches(" 200 OK\r\n").count();
        assert_eq!(found, 5, "cut at {cut}: {answers}");
        let body = answers.find("GET /x HTTP/1.1\n").unwrap();
        assert_eq!(answers[..body].matches("done").count(), 1, "the second answer");
    }
}

/// What the handler leaves unread is a body still.
#[tokio::test]
async fn a_body_that_nobody_read_is_not_taken_for_a_request() {
    let server = start(LIMITS).await;
    let length = NEXT.len();
    let request = format!("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n{NEXT}");
    let answers = server.exchange(format!("{request}{request}").as_bytes()).await;
    assert_eq!(statuses(&answers), [200, 200], "{answers}");
    assert_eq!(server.calls.load(Ordering::SeqCst), 2);
}

/// HTTP-03.
#[tokio::test]
async fn a_bad_request_behind_good_ones_is_refused_after_their_answers() {
    let server = start(LIMITS).await;
    let good = "POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\ndone";
    let bad = "GET / HTTP/1.1\nHost: a\n\n";
    let answers = server.exchange(format!("{good}{good}{bad}{NEXT}").as_bytes()).await;
    assert_eq!(statuses(&answers), [200, 200, 400], "{answers}");
    assert_eq!(server.calls.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_head_that_was_read_ahead_waits_for_the_answer_before_it() {
    let server = start(Limits { idle_timeout: millis(60), header_timeout: millis(60), ..LIMITS });
    let server = server.await;
    let mut client = server.connect().await;
    let both = "GET /slow HTTP/1.1\r\nHost: a\r\n\r\nGET /slow HTTP/1.1\r\nHost: a\r\n\r\n";
    client.write_all(both.as_bytes()).await.unwrap();
    assert_eq!(statuses(&read_some(&mut client).await), [200, 200]);
}
