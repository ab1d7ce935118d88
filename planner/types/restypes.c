#include "planner/model/restype.h"

#include <string.h>

#define TYPE(name) extern const struct restype restype_##name;
#include "planner/types/types.def"
#undef TYPE

const struct restype *const restypes[] = {
#define TYPE(name) &restype_##name,
#include "planner/types/types.def"
#undef TYPE
    NULL,
};

const struct restype *restype_of_address(const char *address)
{
    for (const struct restype *const *type = restypes; *type; type++) {
        size_t length = strlen((*type)->name);

        if (!strncmp(address, (*type)->name, length) && address[length] == '/')
            return *type;
    }
    return NULL;
}
