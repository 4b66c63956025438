#include "proto/rewrap.pb-c.h"
