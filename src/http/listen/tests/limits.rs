//! What a client cannot take from the others.

use std::sync::Mutex;

use super::*;

/// HTTP-01.
#[tokio::test]
async fn a_slow_header_is_cut() {
    let server = start(Limits { header_timeout: millis(60), ..LIMITS }).await;
    let mut client = server.connect().await;
    let start = std::time::Instant::now();
    client.write_all(b"GET / HTTP/1.1\r\n").await.unwrap();
    for _ in 0..60 {
        if client.write_all(b"a: b\r\n").await.is_err() {
            break;
        }
        tokio::time::sleep(millis(10)).await;
        if closes_within(&mut client, millis(1)).await {
            break;
        }
    }
    assert!(start.elapsed() < millis(400), "{:?}", start.elapsed());
    assert_eq!(server.calls.load(Ordering::SeqCst), 0);
}

/// HTTP-01.
#[tokio::test]
async fn a_silent_connection_is_cut_before_and_after_a_request() {
    let server = start(Limits { idle_timeout: millis(80), ..LIMITS }).await;
    let mut silent = server.connect().await;
    assert!(!closes_within(&mut silent, millis(40)).await);
    assert!(closes_within(&mut silent, millis(300)).await);
    let mut client = server.connect().await;
    assert_eq!(status(&ask(&mut client, "/").await), Some(200));
    assert!(!closes_within(&mut client, millis(40)).await);
    assert!(closes_within(&mut client, millis(300)).await);
}

#[tokio::test]
async fn a_slow_handler_is_not_cut_by_the_waits_for_the_client() {
    let limits = Limits { idle_timeout: millis(50), header_timeout: millis(50), ..LIMITS };
    let server = start(limits).await;
    let mut client = server.connect().await;
    for _ in 0..2 {
        assert_eq!(status(&ask(&mut client, "/slow").await), Some(200));
    }
}

#[tokio::test]
async fn a_client_that_takes_no_answer_loses_its_connection() {
    let server = start(Limits { idle_timeout: millis(80), max_connections: 1, ..LIMITS }).await;
    let mut greedy = server.connect().await;
    greedy.write_all(b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    tokio::time::sleep(millis(20)).await;
    // The only place is taken until the stuck answer is given up.
    let mut next = server.connect().await;
    assert_eq!(status(&ask(&mut next, "/").await), Some(200));
}

/// HTTP-01: each drop is taken in time, all of them are not.
#[tokio::test]
async fn an_answer_that_is_taken_in_drops_is_cut() {
    let limits = Limits { request_timeout: millis(200), max_connections: 1, ..LIMITS };
    let server = start(limits).await;
    let mut slow = server.connect().await;
    slow.write_all(b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    let drops = async {
        let mut buffer = [0; 1024];
        while slow.read_exact(&mut buffer).await.is_ok() {
            tokio::time::sleep(millis(5)).await;
        }
    };
    let next = async {
        let mut next = server.connect().await;
        ask(&mut next, "/").await
    };
    tokio::select! {
        answer = next => assert_eq!(status(&answer), Some(200)),
        () = drops => panic!("32 MiB in drops of 1 KiB"),
    }
}

/// HTTP-01: a client that has said all it will say.
#[tokio::test]
async fn a_half_closed_connection_gives_its_place_back_at_once() {
    let server = start(Limits { max_connections: 1, ..LIMITS }).await;
    for started in ["", "GET / HT", "GET /never HTTP/1.1\r\nHost: a\r\n\r\n"] {
        let mut half = server.connect().await;
        half.write_all(started.as_bytes()).await.unwrap();
        half.shutdown().await.unwrap();
        assert!(closes_within(&mut half, millis(500)).await, "{started:?}");
    }
    assert_eq!(status(&ask(&mut server.connect().await, "/").await), Some(200));
}

/// HTTP-01: each drop comes in time, all of them do not.
#[tokio::test]
async fn a_body_that_drips_is_cut() {
    let server = start(LIMITS).await;
    let mut client = server.connect().await;
    let head = "POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: 16\r\n\r\n";
    client.write_all(head.as_bytes()).await.unwrap();
    for _ in 0..10 {
        // The end may have come before the last drops.
        let _ = client.write_all(b"x").await;
        tokio::time::sleep(millis(20)).await;
    }
    assert_eq!(status(&read_some(&mut client).await), Some(408));
    assert!(closes_within(&mut client, millis(100)).await);
}

/// HTTP-01.
#[tokio::test]
async fn one_address_opens_so_many_connections_and_no_more() {
    let server = start(Limits { connections_per_address: 2, ..LIMITS }).await;
    let (mut first, mut second) = (server.connect().await, server.connect().await);
    ask(&mut first, "/").await;
    ask(&mut second, "/").await;
    let mut third = server.connect().await;
    assert!(closes_within(&mut third, millis(500)).await);
    drop(first);
    tokio::time::sleep(millis(50)).await;
    let mut fourth = server.connect().await;
    assert_eq!(status(&ask(&mut fourth, "/").await), Some(200));
}

#[tokio::test]
async fn beyond_the_limit_of_all_a_connection_waits_its_turn() {
    let server = start(Limits { max_connections: 1, ..LIMITS }).await;
    let mut first = server.connect().await;
    ask(&mut first, "/").await;
    let mut second = server.connect().await;
    let early = tokio::time::timeout(millis(60), ask(&mut second, "/")).await;
    assert!(early.is_err(), "answered beside the first: {early:?}");
    drop(first);
    assert_eq!(status(&read_some(&mut second).await), Some(200));
}

/// HTTP-07.
#[tokio::test]
async fn a_panic_is_answered_with_500_and_the_next_request_works() {
    let server = start(LIMITS).await;
    let mut client = server.connect().await;
    let answer = ask(&mut client, "/panic").await;
    assert_eq!(status(&answer), Some(500));
    assert!(answer.contains("\"code\":\"internal\"") && !answer.contains("as the test asked"));
    assert_eq!(status(&ask(&mut client, "/").await), Some(200));
}

#[tokio::test]
async fn a_request_that_takes_too_long_is_answered_with_503() {
    let server = start(Limits { request_timeout: millis(60), ..LIMITS }).await;
    let mut client = server.connect().await;
    assert_eq!(status(&ask(&mut client, "/never").await), Some(503));
    assert_eq!(status(&ask(&mut client, "/").await), Some(200));
}

/// HTTP-01, HTTP-02.
#[tokio::test]
async fn a_body_is_bounded_in_size_and_time_whatever_its_framing() {
    let server = start(LIMITS).await;
    for (rest, expected) in [
        ("Content-Length: 4\r\n\r\ndone", 200),
        ("Transfer-Encoding: chunked\r\n\r\n2\r\ndo\r\n2\r\nne\r\n0\r\n\r\n", 200),
        ("Content-Length: 17\r\n\r\n", 413),
        ("Content-Length: 17\r\nExpect: 100-continue\r\n\r\n", 413),
        ("Content-Length: 9999999999\r\n\r\n", 413),
        // Hyper has a number of its own for what no length can be.
        ("Content-Length: 18446744073709551614\r\n\r\n", 431),
        ("Transfer-Encoding: chunked\r\n\r\n11\r\n12345678901234567\r\n0\r\n\r\n", 413),
        ("Transfer-Encoding: chunked\r\n\r\n8\r\n12345678\r\n9\r\n123456789\r\n0\r\n\r\n", 413),
        ("Transfer-Encoding: chunked\r\n\r\nxyz\r\n", 400),
        ("Transfer-Encoding: chunked\r\n\r\n2\r\nabcd\r\n0\r\n\r\n", 400),
        ("Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n", 400),
        ("Content-Length: 8\r\n\r\nhalf", 408),
        ("Transfer-Encoding: chunked\r\n\r\n8\r\nhalf", 408),
    ] {
        let request = format!("POST /body HTTP/1.1\r\nHost: a\r\n{rest}");
        let answer = server.exchange(request.as_bytes()).await;
        assert_eq!(status(&answer), Some(expected), "{rest:?}: {answer}");
    }
}

/// HTTP-02.
#[tokio::test]
async fn a_client_that_asks_first_is_told_to_go_on() {
    let server = start(LIMITS).await;
    let mut client = server.connect().await;
    let head =
        "POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n";
    client.write_all(head.as_bytes()).await.unwrap();
    let mut interim = [0; 25];
    client.read_exact(&mut interim).await.unwrap();
    assert_eq!(&interim, b"HTTP/1.1 100 Continue\r\n\r\n");
    client.write_all(b"done").await.unwrap();
    assert_eq!(status(&read_some(&mut client).await), Some(200));
}

/// A listener out of file handles for its first two tries.
struct Failing {
    inner: TcpListener,
    tries: Mutex<usize>,
}

impl Listener for Arc<Failing> {
    type Accepted = TcpStream;

    async fn accept(&self) -> io::Result<(TcpStream, Peer)> {
        let tries = {
            let mut tries = self.tries.lock().unwrap();
            *tries += 1;
            *tries
        };
        match tries {
            1 => Err(io::ErrorKind::ConnectionAborted.into()),
            // EMFILE
            2 | 3 => Err(io::Error::from_raw_os_error(24)),
            _ => Listener::accept(&self.inner).await,
        }
    }
}

#[tokio::test]
async fn a_failing_listener_is_given_time_and_not_given_up() {
    let inner = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = inner.local_addr().unwrap();
    let failing = Arc::new(Failing { inner, tries: Mutex::new(0) });
    let (_stop, _task) = start_on(Arc::clone(&failing), TestHandler::default(), LIMITS);
    let start = std::time::Instant::now();
    let mut client = TcpStream::connect(address).await.unwrap();
    assert_eq!(status(&ask(&mut client, "/").await), Some(200));
    assert!(start.elapsed() >= ACCEPT_PAUSE * 2, "two pauses: {:?}", start.elapsed());
    assert!(*failing.tries.lock().unwrap() <= 5, "no busy loop");
}

#[tokio::test]
async fn waits_without_end_do_not_break_the_loop() {
    let forever = Duration::MAX;
    let server = start(Limits {
        header_timeout: forever,
        idle_timeout: forever,
        request_timeout: forever,
        shutdown_grace: forever,
        ..LIMITS
    })
    .await;
    let mut client = server.connect().await;
    assert_eq!(status(&ask(&mut client, "/").await), Some(200));
    server.stop.send(()).unwrap();
    tokio::time::timeout(millis(500), server.task).await.unwrap().unwrap();
}
