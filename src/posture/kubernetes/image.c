/* SPDX-License-Identifier: Apache-2.0 */
#include "posture/kubernetes/image.h"

#include <string.h>

static const char *cut(struct posture_set *set, const char *text, size_t len)
{
	return posture_printf(set, "%.*s", (int)len, text);
}

/* The first component is a host when it has a dot or a port, or is localhost (distribution/reference, splitDockerDomain). */
static bool is_host(const char *name, size_t len)
{
	return memchr(name, '.', len) || memchr(name, ':', len) || (len == 9 && memcmp(name, "localhost", 9) == 0);
}

/* ALGORITHM:ENCODED; sha256 has 64 hex digits, sha512 128 (opencontainers/image-spec, descriptor.md). */
static bool is_digest(const char *text)
{
	const char *colon = strchr(text, ':');
	size_t len = colon ? strlen(colon + 1) : 0;
	size_t want = strncmp(text, "sha256:", 7) == 0 ? 64 : strncmp(text, "sha512:", 7) == 0 ? 128 : 0;

	if (want == 0)
		return len > 0;
	return len == want && strspn(colon + 1, "0123456789abcdef") == len;
}

void image_set(struct posture_record *record, const char *image, struct posture_place place)
{
	const char *digest = strchr(image, '@'), *last = memrchr(image, '/', strlen(image)), *first = strchr(image, '/');
	const char *end = digest ? digest : image + strlen(image);
	const char *tag = memchr(last ? last : image, ':', (size_t)(end - (last ? last : image)));
	struct posture_set *set = record->set;

	posture_at(posture_set_text(record, MODEL_F_CONTAINER_IMAGE, image), place);
	posture_at(posture_set_text(record, MODEL_F_CONTAINER_IMAGE_REPOSITORY, cut(set, image, (size_t)((tag ? tag : end) - image))), place);
	posture_at(posture_set_text(record, MODEL_F_CONTAINER_IMAGE_REGISTRY,
				    first && is_host(image, (size_t)(first - image)) ? cut(set, image, (size_t)(first - image)) : "docker.io"),
		   place);
	if (tag)
		posture_at(posture_set_text(record, MODEL_F_CONTAINER_IMAGE_TAG, cut(set, tag + 1, (size_t)(end - tag - 1))), place);
	if (digest && is_digest(digest + 1))
		posture_at(posture_set_text(record, MODEL_F_CONTAINER_IMAGE_DIGEST, digest + 1), place);
}
