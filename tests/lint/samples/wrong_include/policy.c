#include "policy/arn.h"
