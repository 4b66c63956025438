/* The condition keys of a question, for question.c alone. */
#pragma once

#include "question.h"

/* Room for all that the key and the facts will make: few in the question itself, more on the heap. False without
 * memory; operation_question_clear frees either way. */
REWRAP_MUST_USE bool operation_question_make_room(const struct registry_key *key, const struct operation_facts *facts,
                                                  struct operation_question *ret);

/* Puts them in, of the principal too, which must be known by then. */
void operation_question_add_keys(const struct operation_asking *asking, const struct operation_facts *facts,
                                 struct operation_question *question);
