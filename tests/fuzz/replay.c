/* A main for fuzz targets without libFuzzer: runs the target on every file of the directories and
 * files named on the command line, in the order of their names. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    uint8_t *data = NULL;
    struct stat info;
    size_t size = 0;
    int result = -1;

    if (file && fstat(fileno(file), &info) == 0 && (data = malloc((size_t)info.st_size + 1))) {
        size = fread(data, 1, (size_t)info.st_size, file);
        result = size == (size_t)info.st_size ? 0 : -1;
    }
    if (result == 0)
        LLVMFuzzerTestOneInput(data, size);
    else
        fprintf(stderr, "%s cannot be read\n", path);
    free(data);
    if (file)
        fclose(file);
    return result;
}

/* The number of files replayed, or -1. */
static int replay_directory(const char *path)
{
    struct dirent **names = NULL;
    int count = scandir(path, &names, NULL, alphasort);
    int replayed = 0;

    for (int i = 0; i < count; i++) {
        char file[4096];

        snprintf(file, sizeof(file), "%s/%s", path, names[i]->d_name);
        if (names[i]->d_name[0] != '.' && replayed >= 0)
            replayed = replay_file(file) < 0 ? -1 : replayed + 1;
        free(names[i]);
    }
    free(names);
    return count < 0 ? -1 : replayed;
}

int main(int argc, char **argv)
{
    int total = 0;

    for (int i = 1; i < argc; i++) {
        struct stat info;
        int replayed = 1;

        if (stat(argv[i], &info) == 0 && S_ISDIR(info.st_mode))
            replayed = replay_directory(argv[i]);
        else if (replay_file(argv[i]) < 0)
            replayed = -1;
        if (replayed < 0)
            return 1;
        total += replayed;
    }
    printf("%d inputs replayed\n", total);
    return total > 0 ? 0 : 1;
}
