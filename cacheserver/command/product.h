#pragma once

/* What -V and the last lines of `stats` say. PRODUCT_VERSION comes from the build. */
#define PRODUCT_NAME "cacheserver"
