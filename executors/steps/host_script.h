#pragma once

#include "executors/steps/steps.h"

/* A script of executors/steps/host on its way to the step's host: after the shared functions come
 * the variables, then the script. Its answer is the last line that it prints. */
struct host_script {
    const struct step_context *context;
    struct str text;
    const void *input; /* for its standard input; NULL for none */
    size_t input_size;
    int input_fd; /* used when input_fd_size > 0 */
    int64_t input_fd_size;
    bool counts_input; /* as progress */
    struct reply reply;
};

void host_script_init(struct host_script *script, const struct step_context *context);
void host_script_deinit(struct host_script *script);
void host_script_set(struct host_script *script, const char *name, const char *value);
void host_script_set_number(struct host_script *script, const char *name, int64_t value);

/* Runs it with this body; once per script. -1 with fault when it did not end with status 0. */
int host_script_run(struct host_script *script, const char *body, int64_t deadline_ms,
                    struct fault *fault);

/* The last line of its output; "" without one. */
const char *host_script_answer(struct host_script *script);
/* Whether the answer is this word, or starts with it and a blank. */
bool host_script_says(struct host_script *script, const char *word);

/* The scripts, each as host/NAME.sh says. */
extern const char script_common[], script_deploy_check[], script_deploy_switch[],
    script_deploy_upload[], script_node_check[], script_node_launch[], script_node_tune[],
    script_process_state[], script_process_stop[], script_undeploy[], script_zk_check[],
    script_zk_config[], script_zk_config_remove[], script_zk_launch[];
