/* GMime 3 (C), as a program that others are compared with:
 *
 *   gmime_peer parse INPUT            walk every part, decode subject, from and file names
 *   gmime_peer extract INPUT FOLDER   the same, and write each attachment to FOLDER
 *   gmime_peer describe INPUT         a JSON object a line for each message: its subject, and all leaves
 *
 * INPUT is an mbox if it begins with "From ", else one message. The last line printed says what was found.
 */
#include <gmime/gmime.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static long messages, parts, attachments, attachment_bytes;
static const char *folder;
static gboolean describing;
static gboolean first_leaf;

static void print_json (const char *text)
{
	if (text == NULL) {
		fputs ("null", stdout);
		return;
	}
	char *valid = g_utf8_make_valid (text, -1);
	putchar ('"');
	for (const unsigned char *c = (const unsigned char *) valid; *c; c++) {
		if (*c == '"' || *c == '\\')
			printf ("\\%c", *c);
		else if (*c < 32)
			printf ("\\u%04x", *c);
		else
			putchar (*c);
	}
	putchar ('"');
	g_free (valid);
}

static void describe (GMimeObject *object, const char *filename, GMimeDataWrapper *content)
{
	GMimeContentType *type = g_mime_object_get_content_type (object);
	char *name = g_mime_content_type_get_mime_type (type);
	GMimeStream *memory = g_mime_stream_mem_new ();
	if (content != NULL)
		g_mime_data_wrapper_write_to_stream (content, memory);
	GByteArray *bytes = g_mime_stream_mem_get_byte_array (GMIME_STREAM_MEM (memory));
	char *digest = g_compute_checksum_for_data (G_CHECKSUM_SHA256, bytes->data, bytes->len);
	printf ("%s{\"type\": ", first_leaf ? "" : ", ");
	first_leaf = FALSE;
	print_json (name);
	fputs (", \"filename\": ", stdout);
	print_json (filename);
	printf (", \"size\": %u, \"sha256\": \"%s\"}", bytes->len, digest);
	g_free (digest);
	g_free (name);
	g_object_unref (memory);
}

static void take_leaf (GMimePart *part)
{
	const char *filename = g_mime_part_get_filename (part);
	GMimeDataWrapper *content = g_mime_part_get_content (part);
	if (describing) {
		describe (GMIME_OBJECT (part), filename, content);
		return;
	}
	if (filename == NULL)
		return;
	attachments++;
	if (folder == NULL || content == NULL)
		return;
	char path[4096];
	snprintf (path, sizeof path, "%s/%08ld", folder, attachments);
	GMimeStream *file = g_mime_stream_file_open (path, "wb", NULL);
	if (file == NULL) {
		fprintf (stderr, "cannot write %s\n", path);
		exit (1);
	}
	attachment_bytes += g_mime_data_wrapper_write_to_stream (content, file);
	g_mime_stream_close (file);
	g_object_unref (file);
}

static void walk (GMimeObject *object)
{
	parts++;
	if (GMIME_IS_PART (object)) {
		take_leaf (GMIME_PART (object));
	} else if (GMIME_IS_MULTIPART (object)) {
		int count = g_mime_multipart_get_count (GMIME_MULTIPART (object));
		for (int i = 0; i < count; i++)
			walk (g_mime_multipart_get_part (GMIME_MULTIPART (object), i));
	} else if (GMIME_IS_MESSAGE_PART (object)) {
		GMimeMessage *inner = g_mime_message_part_get_message (GMIME_MESSAGE_PART (object));
		if (inner != NULL && g_mime_message_get_mime_part (inner) != NULL)
			walk (g_mime_message_get_mime_part (inner));
	}
}

int main (int count, char **words)
{
	gboolean is_known = (count == 3 && (!strcmp (words[1], "parse") || !strcmp (words[1], "describe")))
		|| (count == 4 && !strcmp (words[1], "extract"));
	if (!is_known) {
		fprintf (stderr, "usage: gmime_peer parse INPUT | extract INPUT FOLDER | describe INPUT\n");
		return 2;
	}
	describing = !strcmp (words[1], "describe");
	folder = count == 4 ? words[3] : NULL;
	g_mime_init ();
	FILE *input = fopen (words[2], "rb");
	if (input == NULL) {
		perror (words[2]);
		return 1;
	}
	char head[5] = "";
	gboolean is_mbox = fread (head, 1, 5, input) == 5 && !memcmp (head, "From ", 5);
	rewind (input);
	GMimeStream *stream = g_mime_stream_file_new (input);
	GMimeParser *parser = g_mime_parser_new_with_stream (stream);
	g_mime_parser_set_format (parser, is_mbox ? GMIME_FORMAT_MBOX : GMIME_FORMAT_MESSAGE);
	/* What is streamed from the input instead of held; the parser's way to stay small. */
	g_mime_parser_set_persist_stream (parser, TRUE);
	do {
		GMimeMessage *message = g_mime_parser_construct_message (parser, NULL);
		if (message == NULL)
			break;
		messages++;
		const char *subject = g_mime_message_get_subject (message);
		char *from = internet_address_list_to_string (g_mime_message_get_from (message), NULL, FALSE);
		if (describing) {
			fputs ("{\"subject\": ", stdout);
			print_json (subject);
			fputs (", \"leaves\": [", stdout);
		}
		first_leaf = TRUE;
		if (g_mime_message_get_mime_part (message) != NULL)
			walk (g_mime_message_get_mime_part (message));
		if (describing)
			puts ("]}");
		g_free (from);
		g_object_unref (message);
	} while (is_mbox && !g_mime_parser_eos (parser));
	if (!describing)
		printf ("{\"messages\": %ld, \"parts\": %ld, \"attachments\": %ld, \"attachment_bytes\": %ld}\n",
			messages, parts, attachments, attachment_bytes);
	g_object_unref (parser);
	g_object_unref (stream);
	return 0;
}
