#pragma once

int hsm_stolen_name(void);
