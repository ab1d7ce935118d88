/* Nothing is mapped onto structs: numbers are read and written byte by byte, at any alignment. */
#include "cacheserver/protocol/binary.h"

#include <assert.h>
#include <endian.h>
#include <string.h>

uint32_t binary_u32(const char *bytes)
{
    uint32_t value;

    memcpy(&value, bytes, sizeof(value));
    return be32toh(value);
}

uint64_t binary_u64(const char *bytes)
{
    uint64_t value;

    memcpy(&value, bytes, sizeof(value));
    return be64toh(value);
}

static char *put_u16(char *at, uint16_t value)
{
    value = htobe16(value);
    return mempcpy(at, &value, sizeof(value));
}

char *binary_put_u32(char *at, uint32_t value)
{
    value = htobe32(value);
    return mempcpy(at, &value, sizeof(value));
}

char *binary_put_u64(char *at, uint64_t value)
{
    value = htobe64(value);
    return mempcpy(at, &value, sizeof(value));
}

bool binary_header_read(const char *bytes, struct binary_header *header)
{
    size_t body = binary_u32(bytes + 8);

    header->echo.opcode = (uint8_t)bytes[1];
    header->key_len = (size_t)(uint8_t)bytes[2] << 8 | (uint8_t)bytes[3];
    header->extras_len = (uint8_t)bytes[4];
    memcpy(&header->echo.opaque, bytes + 12, sizeof(header->echo.opaque));
    header->cas = binary_u64(bytes + 16);
    if ((uint8_t)bytes[0] != BINARY_REQUEST || header->key_len + header->extras_len > body)
        return false;
    header->value_len = body - header->key_len - header->extras_len;
    return true;
}

char *binary_response_put(char *at, struct binary_echo echo, const struct binary_response *response)
{
    assert(response->extras_len <= BINARY_EXTRAS_MAX);
    *at++ = (char)BINARY_RESPONSE;
    *at++ = (char)echo.opcode;
    at = put_u16(at, (uint16_t)response->key_len);
    *at++ = (char)response->extras_len;
    *at++ = 0;
    at = put_u16(at, (uint16_t)response->status);
    at = binary_put_u32(at,
                        (uint32_t)(response->extras_len + response->key_len + response->value_len));
    at = mempcpy(at, &echo.opaque, sizeof(echo.opaque));
    at = binary_put_u64(at, response->cas);
    if (response->extras_len)
        at = mempcpy(at, response->extras, response->extras_len);
    return response->key_len ? mempcpy(at, response->key, response->key_len) : at;
}

void binary_respond(struct reply *reply, struct binary_echo echo, struct binary_response response,
                    const char *value)
{
    char *start = reply_reserve(reply, BINARY_HEADER_BYTES + response.extras_len +
                                           response.key_len + response.value_len);
    if (!start)
        return;
    char *at = binary_response_put(start, echo, &response);
    if (response.value_len)
        at = mempcpy(at, value, response.value_len);
    reply_commit(reply, (size_t)(at - start));
}

static const char *text_of(enum binary_status status)
{
    static const struct {
        enum binary_status status;
        const char *text;
    } texts[] = {
        {BINARY_OK, ""},
        {BINARY_NOT_FOUND, "Not found"},
        {BINARY_EXISTS, "Data exists for key"},
        {BINARY_TOO_LARGE, "Too large"},
        {BINARY_INVALID, "Invalid arguments"},
        {BINARY_NOT_STORED, "Not stored"},
        {BINARY_NOT_A_NUMBER, "Non-numeric server-side value for incr or decr"},
        {BINARY_AUTH_ERROR, "Auth failure"},
        {BINARY_BAD_TYPE, "Not supported operation, bad type"},
        {BINARY_OVERFLOW, "Data structure full"},
        {BINARY_BAD_VALUE, "Bad value"},
        {BINARY_INDEX_OUT_OF_RANGE, "Index out of range"},
        {BINARY_BKEY_OUT_OF_RANGE, "Bkey out of range"},
        {BINARY_ELEMENT_NOT_FOUND, "Not found element"},
        {BINARY_ELEMENT_EXISTS, "Element already exists"},
        {BINARY_BAD_ATTRIBUTE, "Attribute not found"},
        {BINARY_BAD_BKEY, "Bkey mismatch"},
        {BINARY_BAD_EFLAG, "Eflag mismatch"},
        {BINARY_UNREADABLE, "Unreadable item"},
        {BINARY_BAD_PREFIX, "Invalid prefix name"},
        {BINARY_PREFIX_NOT_FOUND, "Prefix not found"},
        {BINARY_UNKNOWN, "Unknown command"},
        {BINARY_NO_MEMORY, "Out of memory"},
        {BINARY_NOT_SUPPORTED, "Not supported"},
        {BINARY_INTERNAL, "Internal error"},
        {BINARY_BUSY, "Server too busy"},
    };

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        if (texts[i].status == status)
            return texts[i].text;
    return "";
}

void binary_respond_status(struct reply *reply, struct binary_echo echo, enum binary_status status)
{
    const char *text = text_of(status);

    binary_respond(reply, echo,
                   (struct binary_response){.status = status, .value_len = strlen(text)}, text);
}
