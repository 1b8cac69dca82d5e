"""The tests that say nothing about Windows, each with the reason: ``pytest --as-windows`` leaves them out.

A name stands for a test with all its parameters; with brackets, for those alone whose parameters are named.
"""

from __future__ import annotations

REASONS: dict[str, str] = {
    "fork": "it forks processes, or ends them by signal 9; Windows has neither. test_two_saves.py starts two instead",
    "limits": "it limits the size of files as `resource` does, which Windows does not have",
    "rights": "it is about bits of rights and the umask; what Windows has in their place says examples/on-windows.md",
    "folders": "it counts the calls that put a folder on the disk, which Windows does not have",
    "flock": "it breaks `fcntl.flock`; test_two_saves.py does the same with the error that Windows gives",
    "open": "it deletes the file of a store that is open, which Windows refuses",
    "elsewhere": "it says what is done on other systems",
    "zones": "it holds our texts of times against Arrow's, which needs a table of zones",
    "pipes": "it lays a pipe or another thing in a file's place that Windows has no files for",
}

LEFT_OUT: dict[str, dict[str, str]] = {
    "windows/test_what_windows_lacks.py": {
        "test_the_same_names_are_taken_elsewhere": "elsewhere",
        "test_elsewhere_nothing_is_said_of_rights": "elsewhere",
        "test_an_error_of_the_disk_keeps_its_own_words_elsewhere": "elsewhere",
        "test_times_in_utc_are_written_as_arrow_writes_them": "zones",
    },
    "outputs/test_outputs.py": {"test_files_and_folders_are_private_whatever_the_umask": "rights"},
    "outputs/test_outputs_crash.py": {
        "test_every_file_and_folder_is_on_the_disk_before_it_is_moved_into_place": "folders",
        "test_a_limit_on_file_size_leaves_the_old_publication": "limits",
        "test_of_several_publishers_at_once_one_wins_and_the_others_say_so": "fork",
        "test_a_process_killed_with_signal_nine_leaves_old_or_new": "fork",
        "test_a_process_killed_with_signal_nine_leaves_old_or_new_a_thousand_times": "fork",
    },
    "outputs/test_publishing_beside_others.py": {
        "test_where_a_share_has_no_locks_a_marker_keeps_two_runs_apart": "flock",
    },
    "caseload/exchange/test_export_and_import.py": {
        "test_a_pipe_in_place_of_a_file_is_not_waited_for": "pipes",
        "test_nothing_in_it_can_be_read_by_others_whatever_the_umask": "rights",
    },
    "caseload/store/test_opening.py": {"test_a_file_that_is_gone_takes_no_event": "open"},
    "caseload/store/test_appending.py": {
        "test_a_limit_on_the_size_of_files_leaves_what_was_there": "limits",
        "test_a_caseload_that_does_not_fit_is_not_made": "limits",
    },
}


def reason_of(path: str, name: str) -> str | None:
    """Why a test is left out.

    Parameters
    ----------
    path : of its file, from the folder of the tests on
    name : of the test, with its parameters
    """
    found = LEFT_OUT.get(path, {})
    reason = found.get(name) or found.get(name.partition("[")[0])
    return REASONS[reason] if reason else None
