#include <stdio.h>
#include <stdlib.h>

static int compare(const void *a, const void *b) {
  return *(const int *)a - *(const int *)b;
}

int main(int argc, char **argv) {
  int values[4] = {3, 1, 4, 1};
  qsort(values, 4, sizeof(values[0]), compare);
  for (int i = 0; i < 4; ++i)
    printf("%d\n", values[i]);
  return 0;
}
