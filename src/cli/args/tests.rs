//! What the command line takes, as clap sees it.

use clap::CommandFactory as _;

use super::*;

#[test]
fn the_commands_do_not_contradict_each_other() {
    Args::command().debug_assert();
}

#[test]
fn an_id_may_start_with_a_hyphen() {
    for id in ["-hV_8QE0ie1uk27rbpnnDoA", "--all_QE0ie1uk27rbpnnDoA", "--data0ie1uk27rbpnnDoA"] {
        let args = Args::try_parse_from(["doorkey", "session", "revoke", "ann", id]).unwrap();
        let Command::Operate(Operate::Session(Session::Revoke(revoke))) = args.command else {
            panic!("another command");
        };
        assert_eq!((revoke.which.id.as_deref(), revoke.which.all), (Some(id), false));
        let args = ["doorkey", "key", "rotate", "--revoke", id];
        let args = Args::try_parse_from(args).unwrap();
        let Command::Operate(Operate::Key(Key::Rotate { revoke })) = args.command else {
            panic!("another command");
        };
        assert_eq!(revoke.as_deref(), Some(id));
    }
    let all = ["doorkey", "session", "revoke", "ann", "--all", "--data", "x"];
    let args = Args::try_parse_from(all).unwrap();
    let Command::Operate(Operate::Session(Session::Revoke(revoke))) = args.command else {
        panic!("another command");
    };
    assert!(revoke.which.all && args.place.data.is_some());
}

#[test]
fn what_goes_into_a_path_is_an_identifier() {
    assert!(identifier("aZ0-_").is_ok());
    for bad in ["", "a/b", "..", "a?b", "a%2f", &"a".repeat(65)] {
        assert!(identifier(bad).is_err(), "{bad}");
    }
}
