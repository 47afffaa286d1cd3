# The frame of the re-run row: notes that it ran; every hundredth frame needs the file `repaired`.
echo "$1" >> ran.txt
case $1 in *00) test -e repaired ;; esac
