#pragma once

#include "tests/unit/executors/steps/step_bench.h"

/* One real ZooKeeper server on the bench's host, run by the steps themselves. */
struct step_ensemble {
    struct step_bench *bench;
    struct spec_zookeeper zookeeper; /* the bench's spec points to it */
    char connect[32];
};

void step_ensemble_init(struct step_ensemble *ensemble, struct step_bench *bench);

/* The steps of its configuration and its server; tick_time tells configurations apart. */
struct step *step_ensemble_config(struct step_ensemble *ensemble, const char *myid,
                                  const char *tick_time);
struct step *step_ensemble_server(struct step_ensemble *ensemble, enum op op,
                                  const char *tick_time);
struct step *step_ensemble_stop(struct step_ensemble *ensemble);

/* Starts it and opens the bench's session. */
void step_ensemble_open(struct step_ensemble *ensemble);
/* Stops it and closes the session. */
void step_ensemble_close(struct step_ensemble *ensemble);
/* Makes a persistent znode unless it is there. */
void step_ensemble_make(struct step_ensemble *ensemble, const char *path);
