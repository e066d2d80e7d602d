//! Rows that are shown where the thing itself is made or run: by tests of the listener's own
//! sockets, of clocks, of files and of processes that are killed. Each names them, and fails
//! when one of them is gone or no longer run.

use super::sources::tests;

/// Each `file: test` is there and runs.
#[track_caller]
fn shown_by(shown: &[&str]) {
    let all = tests();
    for one in shown {
        let (file, name) = one.split_once(": ").unwrap();
        let found = all.iter().find(|test| test.file == file && test.name == name);
        let found = found.unwrap_or_else(|| panic!("there is no test {one}"));
        assert!(!found.is_ignored, "{one} is not run");
    }
}

#[test]
fn pw_06_the_embedded_list_of_passwords_is_small() {
    shown_by(&[
        "src/crypto/strength.rs: the_list_is_sorted_lower_case_long_enough_and_small",
        "src/crypto/strength.rs: every_word_of_the_list_is_found_and_its_neighbours_are_not",
    ]);
}

#[test]
fn pw_08_hashing_is_bounded_in_memory_in_waiting_and_in_time() {
    shown_by(&[
        "src/crypto/password/tests.rs: the_threads_fit_the_memory_and_the_cores",
        "src/crypto/password/tests.rs: a_storm_is_answered_in_full_and_the_excess_is_busy",
        "src/crypto/password/pool.rs: a_full_queue_refuses_at_once_and_what_waits_is_done",
        "src/crypto/password/pool.rs: what_waited_too_long_is_not_done",
    ]);
}

#[test]
fn thr_08_a_million_attackers_leave_bounded_tables_and_the_delayed_one_in_them() {
    shown_by(&[
        "src/auth/throttle/table.rs: a_million_keys_leave_a_bounded_table_and_the_needed_entry_in_it",
        "src/auth/throttle/mod.rs: many_accounts_leave_bounded_tables_and_the_delayed_one_in_them",
    ]);
}

#[test]
fn http_01_slow_silent_and_too_many_clients_are_cut() {
    shown_by(&[
        "src/http/listen/tests/limits.rs: a_slow_header_is_cut",
        "src/http/listen/tests/limits.rs: a_silent_connection_is_cut_before_and_after_a_request",
        "src/http/listen/tests/limits.rs: a_body_is_bounded_in_size_and_time_whatever_its_framing",
        "src/http/listen/tests/limits.rs: one_address_opens_so_many_connections_and_no_more",
        "src/http/listen/tests/limits.rs: beyond_the_limit_of_all_a_connection_waits_its_turn",
        "src/http/listen/tests/limits.rs: a_body_that_drips_is_cut",
        "src/http/listen/tests/limits.rs: an_answer_that_is_taken_in_drops_is_cut",
        "src/http/listen/tests/limits.rs: a_half_closed_connection_gives_its_place_back_at_once",
        "src/http/listen/tests/tls.rs: a_slow_or_silent_handshake_is_cut_and_holds_up_nobody",
        "src/http/listen/tests/tls.rs: handshakes_count_for_their_address_and_for_all",
        "src/http/listen/tests/tls.rs: slow_headers_silence_and_slow_bodies_are_cut_under_tls_too",
        "src/http/listen/stream.rs: drops_of_a_header_do_not_prolong_its_wait",
        "tests/it/outside/wire.rs: a_client_that_sends_its_headers_slowly_is_cut",
    ]);
}

#[test]
fn http_02_headers_are_bounded_in_number_and_size_and_100_continue_is_answered() {
    shown_by(&[
        "src/http/listen/tests/protocol.rs: too_many_or_too_large_headers_are_431",
        "src/http/listen/tests/limits.rs: a_client_that_asks_first_is_told_to_go_on",
        "tests/it/outside/wire.rs: too_many_or_too_long_headers_are_431",
    ]);
}

#[test]
fn http_03_a_request_that_can_be_read_in_two_ways_is_refused_and_the_last_one() {
    shown_by(&[
        "src/http/listen/tests/framing.rs: what_can_be_read_in_two_ways_is_400_and_the_end_of_the_connection",
        "src/http/listen/tests/framing.rs: nothing_is_read_behind_a_chunked_body",
        "src/http/listen/tests/framing.rs: a_bad_request_behind_good_ones_is_refused_after_their_answers",
        "src/http/listen/tests/framing.rs: a_pipeline_is_answered_in_order_however_it_is_cut",
        "src/http/listen/tests/framing.rs: a_body_that_nobody_read_is_not_taken_for_a_request",
        "src/http/listen/tests/tls.rs: ambiguous_requests_are_refused_and_pipelines_answered_under_tls_too",
        "src/http/listen/head.rs: a_head_in_pieces_is_judged_as_the_whole",
        "tests/it/outside/wire.rs: a_request_of_two_lengths_is_refused_and_the_connection_closed",
    ]);
}

#[test]
fn http_04_http_2_is_not_spoken() {
    shown_by(&[
        "src/http/listen/tests/protocol.rs: another_protocol_is_not_spoken",
        "src/http/listen/tests/tls.rs: a_client_of_http_2_only_is_refused",
    ]);
}

#[test]
fn http_07_a_panic_is_a_500_and_the_process_lives() {
    shown_by(&[
        "src/http/listen/tests/limits.rs: a_panic_is_answered_with_500_and_the_next_request_works",
        "src/crypto/password/pool.rs: a_panic_ends_its_own_work_only",
    ]);
}

#[test]
fn http_10_tls_1_2_and_1_3_and_plain_http_on_loopback_unless_a_word_says_otherwise() {
    shown_by(&[
        "src/http/listen/tests/tls.rs: both_versions_are_spoken_with_http_1_1_behind_them",
        "src/http/listen/tests/tls.rs: older_versions_are_refused",
        "src/server/tls/tests.rs: new_files_are_served_and_the_same_ones_are_left_alone",
        "src/server/tls/tests.rs: bad_files_are_told_of_once_and_what_was_served_is_served_on",
        "src/server/tls/tests.rs: a_key_that_others_can_read_is_refused_with_its_mending",
        "tests/it/cli/tls.rs: certificate_files_make_it_https_with_secure_cookies_and_hsts",
        "tests/it/cli/tls.rs: a_renewed_certificate_is_served_after_sighup_and_a_bad_one_is_not",
        "tests/it/cli/tls.rs: plain_http_beyond_this_machine_needs_a_word_and_is_told_of",
        "tests/it/config.rs: plain_http_that_others_reach_needs_a_word",
        "src/config/tests.rs: without_any_configuration_nothing_is_open",
        "tests/it/config.rs: a_listener_that_is_reachable_from_outside_needs_a_public_url",
    ]);
}

#[test]
fn key_03_the_key_file_is_private_and_looked_at_before_it_is_used() {
    shown_by(&[
        "src/server/master_key.rs: a_new_store_gets_a_private_key_and_later_starts_read_the_same",
        "src/server/master_key.rs: a_key_that_others_can_read_stops_the_start",
        "tests/it/cli/folder.rs: everything_in_the_data_folder_is_for_its_owner_alone",
        "tests/it/cli/folder.rs: the_master_key_can_be_kept_elsewhere",
    ]);
}

#[test]
fn key_04_an_empty_damaged_or_missing_key_file_is_never_made_anew() {
    shown_by(&[
        "src/server/master_key.rs: a_missing_key_of_a_store_with_keys_is_never_made_anew",
        "src/server/master_key.rs: an_empty_or_damaged_key_is_an_error_and_stays_as_it_is",
        "tests/it/cli/folder.rs: without_its_master_key_or_with_a_wrong_one_nothing_starts_and_none_is_made",
        "tests/powercut/main.rs: a_first_start_that_was_cut_off_at_any_moment_can_be_done_again",
    ]);
}

#[test]
fn key_20_a_clock_that_is_set_back_revives_nothing() {
    shown_by(&[
        "src/model/clock/guard.rs: the_mark_never_goes_back",
        "tests/it/auth/clock.rs: a_clock_set_back_by_a_day_revives_nothing",
        "tests/it/auth/clock.rs: a_restart_with_the_clock_set_back_revives_nothing",
        "tests/it/cli/clock.rs: what_a_running_server_has_called_expired_stays_so_when_the_clock_goes_back",
    ]);
}

#[test]
fn key_21_by_a_clock_that_was_never_set_nothing_is_issued() {
    shown_by(&[
        "src/model/clock.rs: the_floor_is_a_day_that_has_been",
        "tests/it/auth/clock.rs: a_machine_in_1970_issues_nothing_until_its_clock_is_set",
        "tests/it/cli/clock.rs: in_1970_it_starts_issues_nothing_says_so_once_and_recovers_when_the_clock_is_set",
    ]);
}

#[test]
fn key_22_a_jump_ahead_does_not_poison_the_mark() {
    shown_by(&[
        "tests/it/auth/clock.rs: a_jump_ahead_that_is_taken_back_costs_nothing_for_good",
        "tests/it/auth/clock.rs: the_mark_in_the_store_follows_a_jump_only_once_it_has_stood",
        "tests/it/auth/clock.rs: the_operator_accepts_a_clock_that_was_far_ahead",
    ]);
}

#[test]
fn key_23_delays_go_by_monotonic_time() {
    shown_by(&[
        "tests/it/auth/clock.rs: no_setting_of_the_clock_ends_the_delay_after_failed_logins",
        "tests/it/auth/clock.rs: no_setting_of_the_clock_before_a_start_lifts_the_delay",
    ]);
}

#[test]
fn key_24_no_time_is_too_early_or_too_late_to_reckon_with() {
    shown_by(&[
        "src/model/clock.rs: arithmetic_saturates",
        "src/model/clock.rs: a_clock_at_either_end_of_time_does_not_panic",
        "src/crypto/jwt/tests.rs: a_token_is_good_until_the_second_of_its_expiry",
        "src/crypto/jwt/tests.rs: a_token_of_the_future_is_refused",
    ]);
}

#[test]
fn ses_15_neither_a_crash_nor_a_restore_revives_a_session() {
    shown_by(&[
        "tests/it/cli/crash.rs: a_logout_a_registration_and_a_new_password_outlive_kill_9",
        "src/store/sled/tests/restored.rs: a_restore_that_is_cut_off_after_any_step_is_whole_or_has_not_happened",
        "tests/powercut/main.rs: a_restore_that_was_cut_off_at_any_moment_is_whole_or_has_not_happened",
        "tests/it/cli/restore.rs: a_restore_ends_every_session",
        "tests/it/auth/check.rs: after_a_restore_the_password_is_the_only_way_in",
    ]);
}

#[test]
fn pw_14_the_setup_secret_is_in_a_private_file_and_void_with_the_first_administrator() {
    shown_by(&[
        "src/server/setup_secret.rs: the_secret_is_in_a_private_file_until_it_is_removed",
        "tests/it/cli/start.rs: the_first_start_prints_the_address_then_the_secret_then_the_curl_line_that_uses_it",
        "tests/it/cli/start.rs: an_unused_setup_secret_stays_the_same_and_goes_when_the_shell_makes_an_administrator",
    ]);
}

#[test]
fn pw_17_what_holds_a_secret_prints_nothing_of_it() {
    shown_by(&[
        "src/model/secret.rs: a_secret_prints_nothing_of_itself",
        "src/model/token.rs: nothing_secret_is_printed",
        "tests/it/auth/events.rs: no_event_holds_a_secret_or_a_typed_name",
    ]);
}

#[test]
fn sto_01_every_folder_and_file_is_for_its_owner_alone() {
    shown_by(&[
        "src/store/sled/tests.rs: nothing_that_sled_creates_is_open_to_other_users",
        "src/store/sled/tests.rs: a_data_folder_with_a_store_that_others_can_enter_is_refused",
        "tests/it/cli/folder.rs: everything_in_the_data_folder_is_for_its_owner_alone",
        "tests/it/cli/folder.rs: a_folder_that_others_can_enter_is_refused",
    ]);
}

#[test]
fn sto_02_what_is_acknowledged_is_synced() {
    shown_by(&[
        "src/store/sled/committer/tests.rs: a_commit_is_acknowledged_only_after_its_sync",
        "src/store/sled/committer/tests.rs: a_commit_can_be_read_only_after_its_sync",
        "tests/powercut/main.rs: no_acknowledged_change_is_lost_when_the_power_goes",
    ]);
}

#[test]
fn sto_03_kill_9_under_load_loses_nothing_and_undoes_no_revocation() {
    shown_by(&[
        "tests/durability/kill.rs: nothing_acknowledged_is_lost_and_no_revocation_undone_by_kill_9_under_load",
        "tests/it/cli/crash.rs: a_logout_a_registration_and_a_new_password_outlive_kill_9",
    ]);
}

#[test]
fn sto_05_a_second_process_on_a_folder_is_refused() {
    shown_by(&[
        "src/store/sled/tests.rs: a_store_that_is_open_is_refused_to_a_second_one",
        "tests/it/cli/folder.rs: a_second_server_on_the_folder_is_refused_and_the_first_goes_on",
    ]);
}

#[test]
fn sto_06_on_a_full_disk_changes_are_refused_and_reading_goes_on() {
    shown_by(&[
        "src/store/sled/committer/tests/failures.rs: a_full_disk_refuses_changes_and_takes_them_again_when_there_is_space",
        "tests/durability/faults.rs: on_a_full_disk_changes_are_refused_reads_go_on_and_space_mends_it",
        "tests/durability/faults.rs: a_disk_that_becomes_full_under_load_loses_nothing",
    ]);
}

#[test]
fn sto_07_a_backup_is_private_and_sealed_and_a_restore_is_whole_and_ends_every_session() {
    shown_by(&[
        "tests/it/cli/backup.rs: a_backup_is_private_and_takes_the_place_of_no_other_file",
        "tests/it/cli/backup.rs: no_secret_is_in_a_backup_a_snapshot_or_a_journal",
        "src/store/revive.rs: after_a_crash_at_any_commit_a_second_call_gives_what_one_would_have_given",
        "src/store/sled/tests/restored.rs: a_restore_that_is_cut_off_after_any_step_is_whole_or_has_not_happened",
        "tests/powercut/main.rs: a_restore_that_was_cut_off_at_any_moment_is_whole_or_has_not_happened",
        "tests/it/cli/restore.rs: a_restore_ends_every_session",
        "tests/it/cli/restore.rs: what_is_no_backup_is_refused_and_nothing_changes",
    ]);
}

#[test]
fn sto_08_a_later_format_is_refused_and_an_earlier_one_taken_over() {
    shown_by(&[
        "src/store/sled/tests/recovery.rs: a_store_of_a_later_format_is_refused",
        "src/store/sled/replay/tests.rs: a_journal_of_a_later_format_is_refused",
        "tests/it/cli/restore.rs: the_store_of_every_earlier_format_is_opened_and_loses_nothing",
    ]);
}

#[test]
fn log_02_no_secret_of_a_whole_run_is_in_the_log_at_trace() {
    shown_by(&["tests/it/cli/log.rs: at_trace_level_no_secret_of_a_whole_run_is_in_the_log"]);
}

#[test]
fn log_06_a_jump_of_the_clock_and_a_clock_that_is_not_set_are_logged() {
    shown_by(&[
        "tests/it/cli/clock.rs: in_1970_it_starts_issues_nothing_says_so_once_and_recovers_when_the_clock_is_set",
        "tests/it/cli/clock.rs: what_a_running_server_has_called_expired_stays_so_when_the_clock_goes_back",
    ]);
}
