#pragma once

#include "executors/transport/transport.h"

/* What every kind of transport must do alike; the tests of each kind run these on an open one. */
void check_status_and_streams(struct transport *transport);
void check_signals(struct transport *transport);
void check_quoting(struct transport *transport);
void check_large_input(struct transport *transport);
void check_input_from_file(struct transport *transport);
void check_unread_input(struct transport *transport);
void check_output_limit(struct transport *transport);
void check_background_child(struct transport *transport);
void check_long_errors(struct transport *transport);
void check_run_checked(struct transport *transport);

/* Runs a script that must come to its end; the caller deinits the reply. */
struct reply run(struct transport *transport, const char *script);
/* A command with a deadline of five minutes. */
struct command make_command(const char *script);
